//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

// cpuTime is only known on Linux.
func cpuTime(int) (time.Duration, error) {
	return 0, errors.New("the processor time of other processes can only be read on Linux")
}

// resident is only known on Linux.
func resident(int) (int, error) {
	return 0, errors.New("the memory of other processes can only be read on Linux")
}

// childAttributes are the defaults: only Linux can make a child die with its
// parent.
func childAttributes() *syscall.SysProcAttr { return nil }

// allowFiles leaves the limit as it is.
func allowFiles(int) error { return nil }
