package envoy_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// ending is a way for a request to end, and its flags in the access log of the
// outer listener. OPERATING.md names them.
type ending struct {
	name  string
	flags string
	plan  plan
	http2 bool
	// leaves: the client leaves, once it has a byte or the answer is held.
	// Otherwise the provider breaks off once the client has a byte.
	leaves bool
	edits  []string
}

var endings = []ending{
	{name: "client leaves", flags: "DC", plan: pass, leaves: true},
	{name: "client leaves, HTTP/2", flags: "DR", plan: pass, leaves: true, http2: true},
	{name: "client leaves while held", flags: "DC", plan: hold, leaves: true},
	{name: "client leaves while held, HTTP/2", flags: "DR", plan: hold, leaves: true, http2: true},
	{name: "provider breaks off", flags: "UPE", plan: pass},
	{name: "provider breaks off, HTTP/2", flags: "UPE", plan: pass, http2: true},
	{name: "retries used up", flags: "URX", plan: mark},
	{name: "retry above the budget", flags: "UO", plan: mark,
		edits: []string{"value: 50", "value: 0", "min_retry_concurrency: 200", "min_retry_concurrency: 0"}},
}

func TestAccessLogFlags(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		for i, e := range endings {
			t.Run(e.name, func(t *testing.T) {
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				begun, breakOff := make(chan struct{}, 10), make(chan struct{})
				backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, "begun")
					w.(http.Flusher).Flush()
					begun <- struct{}{}
					select {
					case <-breakOff:
						panic(http.ErrAbortHandler)
					case <-r.Context().Done():
					}
				})
				_, address := newSidecar(t, e.plan)
				g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, Lean: i%2 == 1}, e.edits...)
				if e.plan == hold {
					go func() { // ends with the test at the latest
						select {
						case <-begun:
							leave()
						case <-ctx.Done():
						}
					}()
				}
				g.ask(ctx, t, e.http2, func() {
					if e.leaves {
						leave()
					} else {
						close(breakOff)
					}
				})
				g.stop()
				var line map[string]any
				if err := json.Unmarshal(g.log.Bytes(), &line); err != nil {
					t.Fatalf("access log: %v in %q", err, g.log)
				}
				if line["flags"] != e.flags {
					t.Errorf("flags %v, want %s: %v", line["flags"], e.flags, line)
				}
			})
		}
	})
}

// With the lean preset, what Envoy answers itself is logged, and what went well
// is not: heald's log has it.
func TestLeanAccessLog(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
		_, address := newSidecar(t, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, Lean: true, BufferRequests: true}) // or heald would answer
		g.ask(t.Context(), t, false, func() {})
		resp, err := http.Post(g.url+"/v1/messages", "application/json", strings.NewReader(strings.Repeat("x", 33<<20)))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		g.stop()
		var line map[string]any
		if err := json.Unmarshal(g.log.Bytes(), &line); err != nil {
			t.Fatalf("access log: %v in %q", err, g.log)
		}
		if resp.StatusCode != http.StatusRequestEntityTooLarge || line["status"] != float64(http.StatusRequestEntityTooLarge) {
			t.Errorf("status %d, line %v", resp.StatusCode, line)
		}
	})
}

// ask sends a request and reads what comes of it, until ctx ends. It calls
// first when it has the first byte.
func (g *gateway) ask(ctx context.Context, t *testing.T, http2 bool, first func()) {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/v1/messages", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return
	}
	defer resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	first()
	_, _ = io.Copy(io.Discard, resp.Body) // how it ends is what the log must tell
}
