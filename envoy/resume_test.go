package envoy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// socketFolder is a folder whose path is short enough for sockets in it.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "heald-envoy-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// throughSocket sends a request to a Unix socket and returns its status.
func throughSocket(t *testing.T, path, url string, header map[string]string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://provider.example"+url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// The resume listener leads to the providers' clusters for who knows the
// secret, and nobody anywhere else.
func TestResumeListener(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		var got []http.Header
		backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Clone())
			_, _ = io.WriteString(w, "the rest")
		})
		socket := filepath.Join(socketFolder(t), "resume.sock")
		const hop = "a secret of the hop"
		_ = start(t, binary, bootstrap.Params{Backends: backends, Resume: "unix://" + socket, Hop: hop})
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket: %v, %v", info, err)
		}
		header := func(cluster, hop string) map[string]string {
			h := map[string]string{"x-heald-cluster": cluster, "x-goog-api-key": "k"}
			for _, name := range append(strangers, "x-heald-memory", "x-heald-policy", "x-heald-set", "x-heald-backends") {
				h[name] = "inside"
			}
			if hop != "" {
				h["x-heald-hop"] = hop
			}
			return h
		}
		for _, c := range []struct{ name, cluster, hop string }{
			{"no cluster", "", hop}, {"heald", "heald", hop}, {"inner", "inner", hop}, {"unknown", "other", hop},
			{"no secret", "fake", ""}, {"wrong secret", "fake", "guessed"},
		} {
			if status, body := throughSocket(t, socket, "/", header(c.cluster, c.hop)); status != http.StatusNotFound {
				t.Errorf("%s: got %d %q, want 404", c.name, status, body)
			}
		}
		if len(got) != 0 {
			t.Errorf("the provider was asked %d times", len(got))
		}
		if status, body := throughSocket(t, socket, "/", header("fake", hop)); status != http.StatusOK || body != "the rest" || len(got) != 1 {
			t.Fatalf("got %d %q, %d requests at the provider", status, body, len(got))
		}
		for name := range got[0] {
			if !slices.Contains(allowed, name) {
				t.Errorf("the provider sees %s: %q", name, got[0].Values(name))
			}
		}
	})
}
