package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cpuTime is the processor time, user's and kernel's, that a process has used
// with all of its threads, ended ones too. It is the sum that /proc/<pid>/stat
// gives as utime and stime, but in nanoseconds instead of ticks of 10 ms: the
// kernel's clock of that process (clock_getcpuclockid(3)).
func cpuTime(pid int) (time.Duration, error) {
	const ofProcess = 2 // CPUCLOCK_SCHED, for the whole process
	var t syscall.Timespec
	clock := ^int32(pid)<<3 | ofProcess
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, errno)
	}
	return time.Duration(t.Nano()), nil
}

// childAttributes make a child die with this process.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// resident is the memory of a process that is in RAM, in bytes: the second
// number of /proc/<pid>/statm, in pages.
func resident(pid int) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0, fmt.Errorf("memory of process %d: %q", pid, data)
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}

// allowFiles lets this process, and those it starts, have n files open each, as
// far as the limit can be raised.
func allowFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	// Set even if it is high enough: else Go gives children the lower limit
	// that this process was started with.
	want := syscall.Rlimit{Cur: max(limit.Cur, uint64(n)), Max: max(limit.Max, uint64(n))}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want); err != nil {
		return fmt.Errorf("%d open files are needed, and the limit cannot be raised above %d (ulimit -Hn): %w", n, limit.Max, err)
	}
	return nil
}
