package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/envoy/proc"
)

// sizingCommand measures the memory of held requests instead of speed.
const sizingCommand = "sizing"

// sizes are the bodies of the held requests, in bytes.
var sizes = []int{1 * kilobyte, 100 * kilobyte, 1000 * kilobyte}

// sizing opens n requests whose answer does not begin, for each size of body,
// against an Envoy and a heald of their own, and prints by how much the
// resident memory of each has grown, per request.
func sizing(ctx context.Context, args []string, out, usage io.Writer) error {
	fs := flag.NewFlagSet(sizingCommand, flag.ContinueOnError)
	fs.SetOutput(usage)
	heald := fs.String("heald", "bin/heald", "measure the binary at `PATH`")
	version := fs.String("envoy", "", "use Envoy `VERSION` (default: the newest found)")
	n := fs.Int("requests", 200, "hold `N` requests at a time")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *n < 1 {
		return fmt.Errorf("-requests: %d is not positive", *n)
	}
	envoy, err := locate.Find(*version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d held requests; resident memory per request, and of the idle process\n\n%10s  %20s  %20s\n", *n, "body", "Envoy", "heald")
	for _, size := range sizes {
		if err := holdRequests(ctx, *heald, envoy, *n, size, out); err != nil {
			return err
		}
	}
	return nil
}

// holdRequests measures one size and prints its row.
func holdRequests(ctx context.Context, heald, envoy string, n, size int, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("not all requests arrived within two minutes"))
	defer cancel()
	dir, err := os.MkdirTemp("", "heald-sizing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := startHolder()
	if err != nil {
		return err
	}
	defer h.close()
	socket := "unix://" + filepath.Join(dir, "heald.sock")
	cmd := exec.Command(heald, "serve", "--backend", backend+"=ai_studio,"+h.url, "--account", backend+"=env:HEALD_BENCH_KEY", "--grpc", socket, "--admin", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "HEALD_BENCH_KEY=none")
	side, err := startChild(ctx, dir, nameHeald, strings.TrimPrefix(socket, "unix://"), cmd)
	if err != nil {
		return err
	}
	defer side.stop()
	config, err := bootstrap.Render(bootstrap.Params{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Sidecars: []string{socket},
		Backends: []bootstrap.Backend{{Name: backend, URL: h.url}}})
	if err != nil {
		return err
	}
	e, err := proc.Start(ctx, proc.Options{Binary: envoy, Config: config, Grace: time.Second})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	address, err := e.Address(ctx, "outer")
	if err != nil {
		return err
	}
	idle, err := residents(e.PID(), side.pid())
	if err != nil {
		return err
	}
	leave := h.hold(ctx, "http://"+address+"/v1/messages", n, size)
	defer leave()
	if err := h.await(ctx, n); err != nil {
		return err
	}
	held, err := residents(e.PID(), side.pid())
	if err != nil {
		return err
	}
	per := func(i int) string {
		return fmt.Sprintf("%d KiB (%d MiB)", (held[i]-idle[i])/n/1024, idle[i]>>20)
	}
	fmt.Fprintf(out, "%7d KB  %20s  %20s\n", size/kilobyte, per(0), per(1))
	return nil
}

// residents reads the resident memory of processes, in bytes.
func residents(pids ...int) ([]int, error) {
	out := make([]int, 0, len(pids))
	for _, pid := range pids {
		b, err := resident(pid)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// holder is an upstream that takes requests and does not answer.
type holder struct {
	url     string
	server  *http.Server
	served  chan struct{}
	arrived chan struct{} // one for each request
	clients sync.WaitGroup
}

func startHolder() (*holder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &holder{url: "http://" + l.Addr().String(), served: make(chan struct{}), arrived: make(chan struct{}, 100_000)}
	h.server = &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h.arrived <- struct{}{}
		<-r.Context().Done()
	})}
	go func() { // ends with close
		defer close(h.served)
		_ = h.server.Serve(l)
	}()
	return h, nil
}

// hold opens n requests, each on a connection of its own; leave ends them.
func (h *holder) hold(ctx context.Context, url string, n, size int) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	transport := &http.Transport{}
	body := `{"model":"gemini-3.5-flash","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"` + strings.Repeat("word ", size/5) + `"}]}`
	for range n {
		h.clients.Go(func() { // ends with leave
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
			if err != nil {
				return
			}
			if resp, err := transport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
		})
	}
	return func() {
		cancel()
		h.clients.Wait()
		transport.CloseIdleConnections()
	}
}

func (h *holder) await(ctx context.Context, n int) error {
	for i := range n {
		select {
		case <-h.arrived:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d requests arrived: %w", i, n, context.Cause(ctx))
		}
	}
	return nil
}

func (h *holder) close() {
	_ = h.server.Close()
	<-h.served
}
