//go:build unix && !linux

package chaos

import "syscall"

// mortal can only be had on Linux; elsewhere children are ended by whoever started them.
func mortal() *syscall.SysProcAttr { return nil }
