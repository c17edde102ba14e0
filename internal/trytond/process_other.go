//go:build unix && !linux

package trytond

import "syscall"

// apart is how a child is started. Debian's packages are on Linux only; elsewhere this package has but to compile.
func apart(as *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as}
}
