package stack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Up is a running `heald up`: Envoy and heald, as a user starts them.
type Up struct {
	URL string
	Log *log

	cmd  *exec.Cmd
	done chan struct{} // closed when its output has ended

	mu  sync.Mutex
	out strings.Builder
}

// StartUp starts a binary's `heald up` on a free port and waits until it is
// ready. env are further variables of its environment. It ends with Stop, or
// with ctx before it is ready.
func StartUp(ctx context.Context, binary string, env []string, args ...string) (*Up, error) {
	u := &Up{Log: newLog(), done: make(chan struct{})}
	u.cmd = exec.Command(binary, append([]string{"up", "--listen", "127.0.0.1:0"}, args...)...)
	u.cmd.Env = append(os.Environ(), env...)
	u.cmd.Stderr = u.Log
	out, err := u.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := u.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start heald (build it with make build): %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = u.cmd.Process.Kill() })
	defer stop()
	ready := make(chan string, 1)
	go u.read(out, ready) // ends with the process's output
	select {
	case u.URL = <-ready:
		return u, nil
	case <-u.done:
	}
	err = u.cmd.Wait()
	return nil, fmt.Errorf("heald up ended before it was ready (%w):\n%s%s", err, u.Output(), u.Log.Text())
}

// Page is the address of the monitor page.
func (u *Up) Page() string {
	_, after, _ := strings.Cut(u.Output(), pageLine)
	address, _, _ := strings.Cut(after, "\n")
	return address
}

// pageLine begins the line with the address of the monitor page.
const pageLine = "\nwhat happens to requests, and why: "

// lastLine begins the last line that is printed once it is ready.
const lastLine = "Ctrl-C"

// read keeps the output, and reports the address that it tells once all of what
// goes with it is there.
func (u *Up) read(out io.Reader, ready chan<- string) {
	defer close(u.done)
	address := ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		u.mu.Lock()
		u.out.WriteString(lines.Text() + "\n")
		u.mu.Unlock()
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			address = url
		}
		if address != "" && strings.HasPrefix(lines.Text(), lastLine) {
			ready <- address
			address = ""
		}
	}
}

// Output is what it has printed so far.
func (u *Up) Output() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.out.String()
}

// Process is heald's.
func (u *Up) Process() *os.Process { return u.cmd.Process }

// Stop asks it to end, as Ctrl-C does, and waits for that.
func (u *Up) Stop() error {
	_ = u.cmd.Process.Signal(syscall.SIGINT)
	<-u.done
	if err := u.cmd.Wait(); err != nil {
		return fmt.Errorf("heald up: %w\n%s", err, u.Log.Text())
	}
	return nil
}
