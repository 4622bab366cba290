package proc

import "syscall"

// childAttributes make the child die with this process, and keep a terminal's
// Ctrl-C from it: Stop ends it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
