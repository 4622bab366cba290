package admin

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// serving serves on l until the test ends.
func serving(t *testing.T, l net.Listener) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	s := New(Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Profiles: true, Access: func() Access { return Access{Open: true} }})
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func ask(t *testing.T, network, address, host string, headers ...string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://admin/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// On a loopback address, a page in a browser on this machine gets nothing.
func TestLoopbackRefusesWebPages(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving(t, l)
	for _, c := range []struct {
		name, host string
		headers    []string
		want       int
	}{
		{"a scraper, by address", l.Addr().String(), nil, 200},
		{"kubelet, by the pod's address", "10.1.2.3:9001", nil, 200},
		{"IPv6", "[::1]:9001", nil, 200},
		{"IPv6 without port", "[::1]", nil, 200},
		{"localhost", "localhost:9001", nil, 200},
		{"localhost, absolute, in capitals", "LOCALHOST.:9001", nil, 200},
		{"below localhost", "heald.localhost", nil, 200},
		{"a person at the address bar", "localhost:9001", []string{"sec-fetch-site", "none"}, 200},
		{"DNS rebinding", "evil.example:9001", []string{"sec-fetch-site", "same-origin"}, 403},
		{"DNS rebinding, old browser", "evil.example", nil, 403},
		{"a name that ends like localhost", "evil-localhost:9001", nil, 403},
		{"an address below a name", "127.0.0.1.evil.example:9001", nil, 403},
		{"a foreign page", "127.0.0.1:9001", []string{"origin", "https://evil.example"}, 403},
		{"a sandboxed frame", "127.0.0.1:9001", []string{"origin", "null"}, 403},
		{"an image of a foreign page", "127.0.0.1:9001", []string{"sec-fetch-site", "cross-site"}, 403},
		{"a page of another port", "localhost:9001", []string{"sec-fetch-site", "same-site"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(t, "tcp", l.Addr().String(), c.host, c.headers...); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// Where other machines reach it, scrapers use names of services; and no page
// reaches a Unix socket.
func TestElsewhereNamesAreTaken(t *testing.T) {
	for network, address := range map[string]string{"tcp": "0.0.0.0:0", "unix": filepath.Join(t.TempDir(), "s")} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		serving(t, l)
		if got := ask(t, network, l.Addr().String(), "heald.gateway.svc:9001"); got != 200 {
			t.Errorf("%s: %d", network, got)
		}
	}
}
