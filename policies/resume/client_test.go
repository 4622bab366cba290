package resume

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
)

func forward() *policies.Forward {
	return &policies.Forward{Cluster: "a", Path: "/v1beta/models/m:streamGenerateContent?alt=sse", Authority: "provider.example",
		Set: policies.Headers{{Name: "x-goog-api-key", Value: "k"}, {Name: "content-type", Value: "application/json"}}, Body: []byte("{}")}
}

// collect takes what a fetch brings until it is done.
func collect(ctx context.Context, c *Client, f *policies.Forward) (string, error) {
	news := make(chan struct{}, 1)
	fetch := c.Fetch(ctx, f, func() {
		select {
		case news <- struct{}{}:
		default: // the next Take gets it too
		}
	})
	var all []byte
	for {
		<-news
		b, done, err := fetch.Take(nil)
		all = append(all, b...)
		if done {
			return string(all), err
		}
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %s %s %s %q %s", r.Method, r.Host, r.URL, r.Header.Get(policies.HeaderCluster), r.Header.Get("x-goog-api-key"), body, r.Header.Get("accept-encoding"), r.Header.Get(policies.HeaderHop))
}

func TestFetch(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")  // is not for this way
	dir, err := os.MkdirTemp("", "heald-resume-") // the test's own folder may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "envoy.sock")
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	overSocket := &httptest.Server{Listener: socket, Config: &http.Server{Handler: http.HandlerFunc(echo)}}
	overSocket.Start()
	t.Cleanup(overSocket.Close)
	overTCP := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(overTCP.Close)
	const want = `POST provider.example /v1beta/models/m:streamGenerateContent?alt=sse a k {} "" hop secret`
	for _, via := range []string{overTCP.URL, overTCP.URL + "/", "unix://" + path} {
		c, err := NewClient(via, "hop secret")
		if err != nil {
			t.Fatal(err)
		}
		got, err := collect(t.Context(), c, forward())
		if got != want || err != nil {
			t.Errorf("%s: got %q, %v", via, got, err)
		}
		list, err := c.Get(t.Context(), &policies.Forward{Cluster: "a", Path: "/v1beta/models?pageSize=2"}, 100)
		if want := `GET ` + strings.TrimPrefix(c.base, "http://") + ` /v1beta/models?pageSize=2 a   "" hop secret`; string(list) != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", via, list, err, want)
		}
		if _, err := c.Get(t.Context(), forward(), 10); err == nil || !strings.Contains(err.Error(), "more than 10 bytes") {
			t.Errorf("%s: a document that is too long: %v", via, err)
		}
		c.http.CloseIdleConnections()
	}
}

func TestFetchFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "status 503"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "status 302"},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for b := make([]byte, 1<<20); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}, "bytes came"},
		{"an unknown coding", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("content-encoding", "lzma") }, `"lzma"`},
		{"a broken gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-encoding", "gzip")
			_, _ = io.WriteString(w, "data: {}\n\n") // whoever reads may leave
		}, "no valid gzip"},
		{"a bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 64<<20))
			_ = z.Close()
		}, "100 times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			t.Cleanup(server.Close)
			client, err := NewClient(server.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.http.CloseIdleConnections)
			if _, err := collect(t.Context(), client, forward()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// Proxies compress replies although nobody asks for it.
func TestFetchInflates(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 3 {
			_, _ = io.WriteString(z, "data: {}\n\n") // whoever reads may leave
			_ = z.Flush()
			_ = http.NewResponseController(w).Flush()
		}
		_ = z.Close()
	}))
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.http.CloseIdleConnections)
	if got, err := collect(t.Context(), client, forward()); err != nil || got != strings.Repeat("data: {}\n\n", 3) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A refusal tells what the provider said, and whether it was reached at all.
func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		status    int
		body      string
		unreached bool
	}{
		{503, "no healthy upstream", true},
		{503, "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused", true},
		{503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination", false},
		{503, `{"error":{"code":503,"message":"no healthy upstream"}}`, false},
		{500, "no healthy upstream", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("retry-after", "7")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body) // the client reads it
		}))
		t.Cleanup(server.Close)
		client, err := NewClient(server.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.http.CloseIdleConnections)
		_, err = collect(t.Context(), client, forward())
		var r *Refusal
		if !errors.As(err, &r) || r.Status != c.status || string(r.Body) != c.body || r.RetryAfter != "7" || r.Unreached() != c.unreached {
			t.Errorf("%d %s: %+v", c.status, c.body, err)
		}
	}
}

// Without the listener nobody can be asked.
func TestNoListener(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	client, err := NewClient(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	if _, err := collect(t.Context(), client, forward()); !errors.Is(err, ErrNoListener) {
		t.Errorf("got %v", err)
	}
}

// A reply may have 16 MiB, and the read after one that has more ends it.
func TestFetchTakesLongReplies(t *testing.T) {
	for _, c := range []struct {
		size  int
		fails bool
	}{{16 << 20, false}, {16<<20 + 2*readSize, true}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, c.size)) // whoever reads may leave
		}))
		t.Cleanup(server.Close)
		client, err := NewClient(server.URL, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.http.CloseIdleConnections)
		if got, err := collect(t.Context(), client, forward()); (err != nil) != c.fails || err == nil && len(got) != c.size {
			t.Errorf("%d bytes: %d came, %v", c.size, len(got), err)
		}
	}
}

// The way to the listener has the times that OPERATING assumes.
func TestClientTimes(t *testing.T) {
	client, err := NewClient("http://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	transport := client.http.Transport.(*http.Transport)
	if connectTimeout != 5*time.Second || transport.IdleConnTimeout != 30*time.Second || !transport.DisableCompression {
		t.Errorf("connect %v, idle %v, compression off %t", connectTimeout, transport.IdleConnTimeout, transport.DisableCompression)
	}
}

// broken is a transport that panics.
type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { panic("broken") }

// The goroutine of a fetch has nobody else who would catch its panics.
func TestFetchPanics(t *testing.T) {
	if _, err := collect(t.Context(), NewClientOf(broken{}), forward()); err == nil || !strings.Contains(err.Error(), "panic: broken") {
		t.Errorf("got %v", err)
	}
}

// Who owns the fetch ends it with its context.
func TestFetchEndsWithItsContext(t *testing.T) {
	came, left := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
		_ = http.NewResponseController(w).Flush()
		close(came)
		<-r.Context().Done()
		close(left)
	}))
	t.Cleanup(server.Close)
	client, err := NewClient(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	news := make(chan struct{}, 1)
	fetch := client.Fetch(ctx, forward(), func() { news <- struct{}{} })
	<-came
	cancel()
	<-news
	<-left
	if _, done, err := fetch.Take(nil); !done || err == nil {
		t.Errorf("done %t, %v", done, err)
	}
	client.http.CloseIdleConnections()
}

func TestNewClientRefuses(t *testing.T) {
	for _, via := range []string{"", "127.0.0.1:10001", "https://envoy:1", "http://", "http://h/path", "http://h?q", "http://u:p@h", "unix://relative", "ftp://h"} {
		if _, err := NewClient(via, ""); err == nil {
			t.Errorf("%q was taken", via)
		}
	}
}
