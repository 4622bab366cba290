//go:build !linux

package proc

import "syscall"

// childAttributes are the defaults: only Linux can make a child die with its
// parent.
func childAttributes() *syscall.SysProcAttr { return nil }
