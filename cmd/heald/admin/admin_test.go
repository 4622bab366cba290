package admin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestEndpoints(t *testing.T) {
	defer goleak.VerifyNone(t)
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "heald_test_total", Help: "x"})
	reg.MustRegister(c)
	var notReady error
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- New(Options{Registry: reg, Ready: func() (string, error) { return "configuration: new", notReady }, Profiles: true}).Serve(ctx, l)
	}()

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) (int, string) {
		resp, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	for _, c := range []struct {
		path string
		err  error
		code int
		want string
	}{
		{"/livez", nil, 200, "ok"},
		{"/livez", errors.New("draining"), 200, "ok"}, // alive while draining: do not kill it
		{"/readyz", nil, 200, "ok\nconfiguration: new\n"},
		{"/readyz", errors.New("draining"), 503, "draining"},
		{"/metrics", nil, 200, "heald_test_total 0"},
		{"/debug/pprof/goroutine?debug=1", nil, 200, "goroutine profile"},
		{"/nothing", nil, 404, "not found"},
	} {
		notReady = c.err
		code, body := get(c.path)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s (%v): got %d %q, want %d with %q", c.path, c.err, code, body, c.code, c.want)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// Profiles show what is in memory: nobody gets them unless asked for.
func TestNoProfiles(t *testing.T) {
	s := New(Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }})
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/symbol", "/debug/pprof/trace"} {
		w := httptest.NewRecorder()
		if s.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
