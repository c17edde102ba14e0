package trytond

import "syscall"

// apart is how a child is started: in a session of its own, so that a Ctrl-C at the terminal is this process's to handle; as
// somebody else, if that is not nil; and it gets the signal when this process ends, however that ends.
func apart(as *syscall.Credential, signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: as, Pdeathsig: signal}
}
