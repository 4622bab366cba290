// Package redistest starts real Redis servers and sentinels for tests: on
// loopback, on ports chosen at run time, ended with their test.
package redistest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program finds a program of Redis that `make redis` has installed. Without it a
// test is left out, but in CI fails.
func program(t testing.TB, name string) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "..", "..")
	found, _ := filepath.Glob(filepath.Join(root, ".tools", "redis-*", "bin", name))
	if len(found) == 0 {
		const missing = "Redis is missing: run make redis"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return found[len(found)-1]
}

// Server is a Redis server or a sentinel, as a process of its own.
type Server struct {
	Port    int
	t       testing.TB
	program string
	args    []string
	tls     *tls.Config // of its port; nil for plain text
	cmd     *exec.Cmd
	exited  chan struct{}
}

// Start starts an empty server that writes nothing to disk; args are further
// options, as in "--replicaof", "127.0.0.1 6379".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := newServer(t, args)
	s.onFreePort()
	return s
}

func newServer(t testing.TB, args []string) *Server {
	t.Helper()
	return &Server{t: t, program: program(t, "redis-server"), args: append([]string{
		"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
		"--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"}, args...)}
}

// StartSentinels starts three sentinels that watch a master by the name "main", and
// returns the URL that names them. They act when two of them find the master down
// for an hour: a test that kills the master shortens that, so that a slow machine
// does not make it look dead.
func StartSentinels(t testing.TB, master *Server) (url string, sentinels []*Server) {
	t.Helper()
	for range 3 {
		sentinels = append(sentinels, startSentinel(t, master))
	}
	url = sentinels[0].URL() + "/0?master_name=main"
	for _, s := range sentinels[1:] {
		url += "&addr=" + s.Addr()
	}
	return url, sentinels
}

func startSentinel(t testing.TB, master *Server) *Server {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %d 2\nsentinel down-after-milliseconds main 3600000\nsentinel failover-timeout main 3000\n", dir, master.Port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, program: program(t, "redis-sentinel"), args: []string{config}}
	s.onFreePort()
	return s
}

// onFreePort starts the server on a free port; another process may take it
// first, so several are tried.
func (s *Server) onFreePort() {
	s.t.Helper()
	var err error
	for range 5 {
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			s.t.Fatal(err)
		}
		s.Port = l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if err = s.start(); err == nil {
			s.t.Cleanup(s.Kill)
			return
		}
	}
	s.t.Fatal(err)
}

func (s *Server) start() error {
	var args []string
	switch port := fmt.Sprint(s.Port); {
	case filepath.Base(s.program) == "redis-sentinel":
		args = append(args, s.args...)
		args = append(args, "--port", port)
	case s.tls != nil:
		args = append([]string{"--port", "0", "--tls-port", port}, s.args...)
	default:
		args = append([]string{"--port", port}, s.args...)
	}
	s.cmd = exec.Command(s.program, args...)
	var log strings.Builder
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() { // ends with the process, which Kill ends
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	for range 500 {
		select {
		case <-s.exited:
			return fmt.Errorf("%s has ended: %s", filepath.Base(s.program), log.String())
		case <-time.After(10 * time.Millisecond):
		}
		if answer, err := s.Do("PING"); err == nil && answer == "+PONG" {
			return nil
		}
	}
	s.Kill()
	return errors.New("redis does not answer")
}

// Addr is where the server listens.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// URL is its address as a URL.
func (s *Server) URL() string {
	if s.tls != nil {
		return "rediss://" + s.Addr()
	}
	return "redis://" + s.Addr()
}

// Pause stops the process; what it is sent waits until Resume.
func (s *Server) Pause() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (s *Server) Resume() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Kill ends the process with SIGKILL.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// Restart starts a killed server again on its port, without its data.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// Do sends a command of words without blanks on a connection of its own, and
// returns the first line of the answer.
func (s *Server) Do(command string) (string, error) {
	c, err := s.dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line), err
}

func (s *Server) dial() (net.Conn, error) {
	d := &net.Dialer{Timeout: time.Second}
	if s.tls != nil {
		return tls.DialWithDialer(d, "tcp", s.Addr(), s.tls)
	}
	return d.Dial("tcp", s.Addr())
}

// Must is Do, and fails the test on an error.
func (s *Server) Must(command string) string {
	s.t.Helper()
	answer, err := s.Do(command)
	if err != nil || strings.HasPrefix(answer, "-") {
		s.t.Fatalf("%s: %s %v", command, answer, err)
	}
	return answer
}
