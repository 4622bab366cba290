package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// child is a sidecar process: heald or the yardstick.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string // path of what it writes
	done chan struct{}
	err  error // valid once done is closed
}

// startChild runs a command until stop, and returns when it listens on the
// socket. What it writes goes to a file, as a log does.
func startChild(ctx context.Context, dir, name, socket string, cmd *exec.Cmd) (*child, error) {
	c := &child{name: name, cmd: cmd, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes()
	started := make(chan error, 1)
	go func() { // ends with the process, which stop ends
		defer close(c.done)
		// The kernel kills the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := c.awaitSocket(ctx, socket); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *child) awaitSocket(ctx context.Context, socket string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-c.done:
			return c.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w\n%s", c.name, context.Cause(ctx), c.output())
		}
	}
}

// failure says how the process ended, once done is closed.
func (c *child) failure() error {
	if c.err == nil {
		return fmt.Errorf("%s ended with status 0\n%s", c.name, c.output())
	}
	return fmt.Errorf("%s ended: %w\n%s", c.name, c.err, c.output())
}

// output is the end of what the process wrote.
func (c *child) output() string {
	const enough = 4 * kilobyte
	data, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-enough):])
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the process. Nothing is to be drained: no request runs any more.
func (c *child) stop() {
	_ = c.cmd.Process.Kill() // it may be gone already
	<-c.done
}
