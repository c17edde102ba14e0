package chaos

import "syscall"

// mortal makes a child end with this process, also when that is killed or a test runs out of time.
func mortal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
