package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen; a test that
// reaches it has failed.
const patience = 60 * time.Second

// Replica is one `heald serve` process.
type Replica struct {
	Address string // for Envoy
	Admin   string
	Log     *log

	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid once done is closed
}

// startReplica starts a binary of heald with a configuration file, further flags
// and further variables of its environment. address is host:port; port 0 is any
// free one.
func startReplica(t testing.TB, binary, config, address string, flags []string, env ...string) *Replica {
	t.Helper()
	r := &Replica{t: t, Log: newLog(), done: make(chan struct{})}
	r.cmd = exec.Command(binary, append([]string{"serve", "--config", config, "--grpc", address, "--admin", "127.0.0.1:0"}, flags...)...)
	r.cmd.Env = append(os.Environ(), env...)
	r.cmd.Stderr = r.Log
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() { // ends with the process, which the cleanup ends
		defer close(r.done)
		// The kernel kills the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := r.cmd.Start()
		started <- err
		if err == nil {
			r.err = r.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() { // ends with the process, or with this function
		select {
		case <-r.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	lines, err := r.Log.Wait(ctx, 1, "serving ext_proc")
	if err != nil {
		t.Fatal(err)
	}
	r.Address = lines[0].Get("address")
	if lines, err = r.Log.Wait(ctx, 1, "serving metrics and health"); err != nil {
		t.Fatal(err)
	}
	r.Admin = lines[0].Get("address")
	return r
}

// stop ends the process at the end of a test, and fails the test if the race
// detector had something to say.
func (r *Replica) stop() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	select {
	case <-r.done:
	case <-time.After(10 * time.Second):
		_ = r.cmd.Process.Kill()
		<-r.done
	}
	text := r.Log.Text()
	if contains(text, "WARNING: DATA RACE") || contains(text, "panic:") || contains(text, "panic in a stream") {
		r.t.Errorf("replica %s wrote:\n%s", r.Address, text)
	} else if r.t.Failed() && os.Getenv("HEALD_TEST_LOG") != "" {
		r.t.Logf("log of replica %s:\n%s", r.Address, text)
	}
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (r *Replica) Kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// Terminate asks the process to drain and stop. Done is closed when it has.
func (r *Replica) Terminate() { _ = r.cmd.Process.Signal(syscall.SIGTERM) }

// Pid is the id of the process.
func (r *Replica) Pid() int { return r.cmd.Process.Pid }

// Done is closed when the process has ended.
func (r *Replica) Done() <-chan struct{} { return r.done }

// Err is how the process ended, once Done is closed.
func (r *Replica) Err() error { return r.err }

// Get reads a path of the admin listener.
func (r *Replica) Get(path string) string {
	r.t.Helper()
	resp, err := http.Get("http://" + r.Admin + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// Metric sums the samples of a metric whose labels contain all of the texts.
func (r *Replica) Metric(name string, labels ...string) float64 {
	r.t.Helper()
	return sumMetric(r.Get("/metrics"), name, labels)
}

func (r *Replica) String() string { return fmt.Sprintf("replica at %s", r.Address) }

func (r *Replica) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Goroutines is how many the process has.
func (r *Replica) Goroutines() int {
	r.t.Helper()
	return int(r.Metric("go_goroutines"))
}

// Resident is the memory that the process holds, in bytes, as the kernel
// counts it; the race detector multiplies it.
func (r *Replica) Resident() uint64 {
	r.t.Helper()
	return uint64(r.Metric("process_resident_memory_bytes"))
}

// Live is the memory in use, in bytes, once garbage is collected.
func (r *Replica) Live() uint64 {
	r.t.Helper()
	for range 2 { // what pools hold survives the first collection
		r.Get("/debug/pprof/heap?gc=1")
	}
	return uint64(r.Metric("go_memstats_heap_alloc_bytes"))
}
