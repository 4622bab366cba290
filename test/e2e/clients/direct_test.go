package clients

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// direct is what a client would see without a gateway: a provider that speaks
// the client's API and fails by itself. A heald to which nothing happens speaks
// for it, and direct breaks the one answer that holds breakMark.
type direct struct {
	*httptest.Server
	mu    sync.Mutex
	fault fault
}

// breakMark is in the answer that is hit by a fault.
const breakMark = "It begins here"

var eventEnd = regexp.MustCompile(`\r?\n\r?\n`)

type connKey struct{}

// newDirect stands before the stack at url.
func newDirect(t *testing.T, url string) *direct {
	d := &direct{}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, url) }))
	d.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	d.Start()
	t.Cleanup(d.Close)
	return d
}

func (d *direct) breaks(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

func (d *direct) serve(w http.ResponseWriter, r *http.Request, url string) {
	up, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.RequestURI(), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	up.Header = r.Header.Clone()
	up.Header.Del("accept-encoding") // the mark must be readable
	resp, err := http.DefaultTransport.RoundTrip(up)
	if err != nil {
		return // the client left
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return // the client left
	}
	before, _, broken := bytes.Cut(body, []byte(breakMark))
	d.mu.Lock()
	f := d.fault
	d.mu.Unlock()
	if broken && f.status != http.StatusOK {
		w.Header().Set("content-type", "application/json")
		if f.status == http.StatusTooManyRequests {
			w.Header().Set("retry-after", "1")
		}
		w.WriteHeader(f.status)
		_, _ = io.WriteString(w, apiError(r.URL.Path, f.status))
		return
	}
	for name, values := range resp.Header {
		// It is no gateway, so it says nothing of heald.
		if !strings.HasPrefix(strings.ToLower(name), "x-heald-") && name != "X-Request-Id" && name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	if !broken {
		_, _ = w.Write(body)
		return
	}
	if f.begins {
		// To the end of the event in which the mark is; a document breaks in half.
		end := eventEnd.FindIndex(body[len(before):])
		if end == nil {
			end = []int{0, (len(body) - len(before)) / 2}
		}
		_, _ = w.Write(body[:len(before)+end[1]])
		_ = http.NewResponseController(w).Flush()
	}
	if f.reset {
		if tcp, ok := r.Context().Value(connKey{}).(*net.TCPConn); ok {
			// A reset that comes together with the last bytes looks like an
			// orderly end to clients.
			time.Sleep(200 * time.Millisecond)
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
}

// apiError is an error in the words of the API that a path belongs to.
func apiError(path string, status int) string {
	busy := status == http.StatusServiceUnavailable
	pick := func(yes, no string) string {
		if busy {
			return yes
		}
		return no
	}
	switch {
	case strings.Contains(path, "/v1beta/"):
		return `{"error":{"code":` + pick("503", "429") + `,"message":"` + pick("The model is overloaded. Please try again later.", "Resource has been exhausted (e.g. check quota).") +
			`","status":"` + pick("UNAVAILABLE", "RESOURCE_EXHAUSTED") + `"` + pick("", `,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]`) + `}}`
	case strings.HasSuffix(path, "/messages"):
		return `{"type":"error","error":{"type":"` + pick("overloaded_error", "rate_limit_error") + `","message":"` + pick("Overloaded", "Number of requests has exceeded your rate limit") + `"}}`
	}
	return `{"error":{"message":"` + pick("The server is overloaded or not ready yet.", "Rate limit reached for requests") +
		`","type":"` + pick("server_error", "requests") + `","param":null,"code":` + pick("null", `"rate_limit_exceeded"`) + `}}`
}
