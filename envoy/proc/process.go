package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

const (
	// defaultReady bounds the start. Envoy is ready in well under a second
	// unless its first DNS answer is slow.
	defaultReady = 30 * time.Second
	// defaultGrace is how long Stop lets running requests finish.
	defaultGrace = 5 * time.Second
	// pollEvery is the time between two looks at a starting Envoy.
	pollEvery = 20 * time.Millisecond
	// lateTime is how long the requests that are ended after the grace time may take.
	lateTime = 500 * time.Millisecond
)

// Options say what to run.
type Options struct {
	// Binary is Envoy's path; see package locate.
	Binary string
	// Config or YAML is the configuration; exactly one is set.
	Config *bootstrapv3.Bootstrap
	YAML   []byte
	// LogLevel is Envoy's: trace, debug, info, warning, error, critical or
	// off; "" means warning.
	LogLevel string
	// Dir is where the process keeps its files; "" means a temporary folder
	// that Stop removes.
	Dir string
	// Stdout and Stderr get the access log and Envoy's log; nil drops them.
	// The end of the log is kept for error messages in any case.
	Stdout, Stderr io.Writer
	// Env are more variables of its environment, NAME=value.
	Env []string
	// Args are further arguments, such as --concurrency 1.
	Args []string
	// Ready bounds the time until Envoy serves; 0 means 30s.
	Ready time.Duration
	// Grace bounds how long Stop lets requests finish; 0 means 5s.
	Grace time.Duration
	// Late, if set, is called when requests still run after Grace. It may end
	// them so that their clients see an end: from the call on they have half a
	// second before Envoy goes.
	Late func()
}

// Process is a running Envoy. Its methods are safe for concurrent use.
type Process struct {
	cmd   *exec.Cmd
	log   *tail
	admin *admin
	grace time.Duration
	late  func() // nil for none
	dir   string // to be removed; "" if the caller's

	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read after done
}

// Start runs Envoy and waits until it serves. ctx bounds the start only; the
// process runs until Stop.
func Start(ctx context.Context, o Options) (*Process, error) {
	config, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("start Envoy: %w", err)
	}
	p := &Process{log: &tail{}, grace: o.Grace, late: o.Late, done: make(chan struct{})}
	if p.grace == 0 {
		p.grace = defaultGrace
	}
	dir := o.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "heald-envoy-"); err != nil {
			return nil, fmt.Errorf("start Envoy: %w", err)
		}
		p.dir = dir
	}
	if err := p.start(ctx, o, dir, config); err != nil {
		return nil, errors.Join(fmt.Errorf("start Envoy: %w", err), p.cleanup())
	}
	return p, nil
}

func (o *Options) config() ([]byte, error) {
	switch {
	case (o.Config == nil) == (o.YAML == nil):
		return nil, errors.New("want exactly one of Config and YAML")
	case o.Binary == "":
		return nil, errors.New("no binary given")
	case o.Config != nil:
		return bootstrap.YAML(o.Config)
	}
	return o.YAML, nil
}

func (p *Process) start(ctx context.Context, o Options, dir string, config []byte) error {
	file, adminFile := filepath.Join(dir, "envoy.yaml"), filepath.Join(dir, "admin-address")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return err
	}
	// A file that an earlier process left would be taken for this one's.
	if err := os.Remove(adminFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	level := o.LogLevel
	if level == "" {
		level = "warning"
	}
	args := append([]string{
		"-c", file, "-l", level, "--admin-address-path", adminFile,
		// Hot restart claims a shared-memory number, so two Envoys would clash.
		"--disable-hot-restart",
		// The default drains over ten minutes, far beyond any grace time.
		"--drain-strategy", "immediate",
	}, o.Args...)
	// Not CommandContext: ctx bounds the start, not the process.
	p.cmd = exec.Command(o.Binary, args...)
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Stdout = o.Stdout
	p.cmd.Stderr = io.Writer(p.log)
	if o.Stderr != nil {
		p.cmd.Stderr = io.MultiWriter(p.log, o.Stderr)
	}
	p.cmd.SysProcAttr = childAttributes()
	// A grandchild that holds the pipes open must not keep Wait from ending.
	p.cmd.WaitDelay = time.Second
	if err := p.run(); err != nil {
		return err
	}
	limit := o.Ready
	if limit == 0 {
		limit = defaultReady
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready after %s", limit))
	defer cancel()
	return p.awaitReady(ctx, adminFile)
}

// run starts the process and the goroutine that waits for its end.
func (p *Process) run() error {
	started := make(chan error, 1)
	go func() {
		// The kernel kills the child when the thread that started it ends, so
		// this goroutine keeps its thread for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := p.cmd.Start(); err != nil {
			started <- err
			p.err = err
			close(p.done)
			return
		}
		started <- nil
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return <-started
}

// awaitReady waits until Envoy has written its admin address and says there
// that it serves.
func (p *Process) awaitReady(ctx context.Context, adminFile string) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-p.done:
			return p.failure("exited before it was ready: " + p.exit())
		case <-ctx.Done():
			return p.failure(context.Cause(ctx).Error())
		case <-poll.C:
		}
		if p.admin == nil {
			address, err := os.ReadFile(adminFile)
			if err != nil || len(address) == 0 {
				continue
			}
			p.admin = newAdmin(strings.TrimSpace(string(address)))
		}
		if p.admin.ready(ctx) {
			return nil
		}
	}
}

// failure adds the end of Envoy's log, which has the cause.
func (p *Process) failure(what string) error {
	if text := p.log.String(); text != "" {
		return fmt.Errorf("%s; the end of its log:\n%s", what, text)
	}
	return errors.New(what)
}

func (p *Process) exit() string {
	if p.err == nil {
		return "status 0"
	}
	return p.err.Error()
}

// Done is closed when the process has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says, once Done is closed, how the process ended and what it logged last.
// It is nil for a clean end.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if p.err == nil {
		return nil
	}
	return p.failure("envoy ended: " + p.exit())
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the process: it lets running requests finish for the grace time,
// calls Late for the rest if it is set, then asks the process to end, then
// kills it. It returns when the process is gone and may be called more than
// once.
func (p *Process) Stop() error {
	p.drain()
	return p.cleanup()
}

// drain makes connections end with the request that runs on them, and waits
// until no request is running, or the time for that is over.
func (p *Process) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), p.grace)
	defer cancel()
	if p.admin == nil || p.admin.drain(ctx) != nil {
		return
	}
	p.awaitIdle(ctx)
	if ctx.Err() == nil || p.late == nil {
		return
	}
	last, cancel := context.WithTimeout(context.Background(), lateTime)
	defer cancel()
	p.late()
	p.awaitIdle(last)
}

// awaitIdle waits until no request is running, or ctx or the process ends.
func (p *Process) awaitIdle(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if n, err := p.ActiveRequests(ctx); err != nil || n == 0 {
			return
		}
		select {
		case <-p.done:
			return
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

// cleanup ends the process for good and removes what it left.
func (p *Process) cleanup() error {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		timer := time.NewTimer(p.grace)
		defer timer.Stop()
		select {
		case <-p.done:
		case <-timer.C:
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	}
	if p.admin != nil {
		p.admin.close()
	}
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}
