package envoy_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// patience bounds reads that must succeed; a test that reaches it has failed.
const patience = time.Minute

// dial connects to the outer listener.
func (g *gateway) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func read(t *testing.T, conn net.Conn) *answer {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, string(body)}
}

// line is a slow line: it passes on a fixed number of bytes per tick.
type line struct {
	left int
	tick *time.Ticker
}

func (l *line) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	<-l.tick.C
	n := min(len(p), l.left)
	l.left -= n
	return n, nil
}

// A request that does not arrive in time is refused with a readable error; a
// large one on a slow line arrives. The scale is a fiftieth: 6 s stand for the
// 300 s of envoy.yaml, and so 50 Mbit/s for 1 Mbit/s.
func TestSlowUploads(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "good")
		})
		_, address := newSidecarOf(t, 40<<20, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, RequestTimeout: 6 * time.Second})

		stalled := g.dial(t)
		if _, err := io.WriteString(stalled, "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}

		const size = 20 << 20
		slow := &line{left: size, tick: time.NewTicker(time.Millisecond)}
		defer slow.tick.Stop()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/v1/messages", slow)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || string(body) != "good" {
			t.Errorf("20 MB on a slow line: got %d %q", resp.StatusCode, body)
		}

		if a := read(t, stalled); a.status != http.StatusRequestTimeout || !strings.Contains(a.body, `"type":"timeout_error"`) {
			t.Errorf("stalled upload: got %v", a)
		}
		g.logs(t, "request_overall_timeout")
	})
}

// What does not send its headers is cut, too.
func TestSlowHeaders(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		g := start(t, binary, bootstrap.Params{}, "request_headers_timeout: 10s", "request_headers_timeout: 0.3s")
		conn := g.dial(t)
		if _, err := io.WriteString(conn, "POST /v1/messages HTTP/1.1\r\nhost:"); err != nil {
			t.Fatal(err)
		}
		if a := read(t, conn); a.status != http.StatusRequestTimeout {
			t.Errorf("got %v", a)
		}
		g.logs(t, "request_header_timeout")
	})
}

// logs stops Envoy and looks for details in its access log.
func (g *gateway) logs(t *testing.T, details string) {
	t.Helper()
	g.stop()
	if !strings.Contains(g.log.String(), `"details":"`+details+`"`) {
		t.Errorf("no %s in the access log: %s", details, g.log)
	}
}

// One connection too many is closed, and those within the limit are served:
// what their requests need inside of Envoy does not count.
func TestConnectionLimit(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
		_, address := newSidecar(t, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, MaxConnections: 3})
		const request = "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
		for i := range 3 {
			conn := g.dial(t)
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			if a := read(t, conn); a.status != http.StatusOK {
				t.Errorf("connection %d: got %v", i+1, a)
			}
		}
		conn := g.dial(t)
		_, _ = io.WriteString(conn, request) // may be too late
		if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("a fourth connection: read %d bytes, %v", n, err)
		}
	})
}

// overloaded starts an Envoy whose heap is above its limit.
func overloaded(t *testing.T, binary string, p bootstrap.Params, edits ...string) *gateway {
	t.Helper()
	g := start(t, binary, p, append([]string{
		`max_heap_size_bytes: "2147483648"`, `max_heap_size_bytes: "1"`,
		// It would close the connection before anything is said.
		`    - name: envoy.overload_actions.stop_accepting_connections
      triggers:
        - name: envoy.resource_monitors.fixed_heap
          threshold:
            value: 0.98
`, "",
	}, edits...)...)
	for active := uint64(0); active == 0; { // from the monitor's first look
		stats, err := g.envoy.Stats(t.Context(), `^overload\.envoy\.overload_actions\.stop_accepting_requests\.active$`)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range stats {
			active += n
		}
	}
	return g
}

// Above the heap's limit clients get a readable error, with the time to try
// again.
func TestHeapLimit(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		_, address := newSidecar(t, pass)
		g := overloaded(t, binary, bootstrap.Params{Sidecars: []string{address}})
		a := g.post(t, nil)
		if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `"type":"overloaded_error"`) || a.header.Get("retry-after") != "5" ||
			a.header.Get("content-type") != "application/json" {
			t.Errorf("got %v", a)
		}
	})
}

// What outer has taken is finished: here it takes all.
func TestOverloadSparesInner(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
		_, address := newSidecar(t, pass)
		g := overloaded(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends},
			"    - name: outer\n", "    - name: outer\n      bypass_overload_manager: true\n")
		if a := g.post(t, nil); a.status != http.StatusOK || a.body != "good" {
			t.Errorf("got %v", a)
		}
	})
}
