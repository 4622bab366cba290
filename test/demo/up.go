package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// up is a running `heald up`.
type up struct {
	url  string
	cmd  *exec.Cmd
	log  logLines
	rest chan struct{} // closed when its output has ended
}

// startUp starts heald up on a free port and waits until it is ready.
func startUp(ctx context.Context, binary string, args []string) (*up, error) {
	u := &up{rest: make(chan struct{})}
	u.cmd = exec.Command(binary, append([]string{"up", "--listen", "127.0.0.1:0"}, args...)...)
	u.cmd.Env = append(os.Environ(), "DEMO_KEY=demo")
	u.cmd.Stderr = &u.log
	out, err := u.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := u.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start heald (build it with make build): %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = u.cmd.Process.Kill() })
	defer stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			u.url = url
			go func() { // ends with the process's output
				defer close(u.rest)
				_, _ = io.Copy(io.Discard, out)
			}()
			return u, nil
		}
	}
	err = u.cmd.Wait()
	return nil, fmt.Errorf("heald up ended before it was ready (%w):\n%s", err, u.log.text())
}

// stop asks heald up to end, as Ctrl-C does.
func (u *up) stop() error {
	_ = u.cmd.Process.Signal(syscall.SIGINT)
	<-u.rest
	if err := u.cmd.Wait(); err != nil {
		return fmt.Errorf("heald up: %w\n%s", err, u.log.text())
	}
	return nil
}

// logLines collects heald's log.
type logLines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logLines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// attempt is a line "attempt finished" of the log.
type attempt struct {
	Msg     string `json:"msg"`
	ID      string `json:"request_id"`
	Number  int    `json:"attempt"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Status  int    `json:"status"`
	Backend string `json:"backend"`
	Account string `json:"account"`
	Wait    string `json:"wait"`
}

// attempts are those of a request, and whether the request is finished.
func (l *logLines) attempts(id string) (out []attempt, finished bool) {
	for line := range strings.SplitSeq(l.text(), "\n") {
		var a attempt
		if json.Unmarshal([]byte(line), &a) != nil || a.ID != id {
			continue
		}
		switch a.Msg {
		case "attempt finished":
			out = append(out, a)
		case "request finished":
			finished = true
		}
	}
	return out, finished
}
