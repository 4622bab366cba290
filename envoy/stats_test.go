package envoy_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/proc"
)

// stats.yaml serves metrics and nothing else of the admin interface, which is
// only for the owner.
func TestStats(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		text, err := os.ReadFile("stats.yaml")
		if err != nil {
			t.Fatal(err)
		}
		socket := filepath.Join(socketFolder(t), "admin.sock")
		for old, new := range map[string]string{"/run/heald/envoy-admin.sock": socket, "port_value: 9902": "port_value: 0"} {
			if !bytes.Contains(text, []byte(old)) {
				t.Fatalf("no %q in stats.yaml", old)
			}
			text = bytes.ReplaceAll(text, []byte(old), []byte(new))
		}
		e, err := proc.Start(t.Context(), proc.Options{Binary: binary, YAML: text, Args: []string{"--concurrency", "1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := e.Stop(); err != nil {
				t.Error(err)
			}
		}()
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 || e.AdminAddress() != socket {
			t.Errorf("the admin socket %s: %v, %v", e.AdminAddress(), info, err)
		}
		address, err := e.Address(t.Context(), "stats")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/stats/prometheus", 200},
			{"GET", "/stats/prometheus?usedonly", 200},
			{"POST", "/stats/prometheus", 404},
			{"POST", "/quitquitquit", 404},
			{"GET", "/config_dump", 404},
			{"GET", "/stats/prometheus/../../config_dump", 404},
			{"GET", "/stats/prometheus%2f..%2f..%2fconfig_dump", 404},
			{"GET", "/", 404},
		} {
			req, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+address+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != c.status || c.status == 200 && !strings.Contains(string(body), "envoy_server_live") {
				t.Errorf("%s %s: got %d %.100q, want %d", c.method, c.path, resp.StatusCode, body, c.status)
			}
		}
		http.DefaultClient.CloseIdleConnections()
	})
}

// There is no admin interface unless it is asked for, and then by default only
// for its owner.
func TestAdminIsOff(t *testing.T) {
	if b, err := bootstrap.Render(bootstrap.Params{}); err != nil || b.GetAdmin() != nil {
		t.Errorf("got %v, %v", b.GetAdmin(), err)
	}
	b, err := bootstrap.Render(bootstrap.Params{Admin: "unix:///run/heald/admin.sock"})
	if err != nil || b.GetAdmin().GetAddress().GetPipe().GetMode() != 0o600 {
		t.Errorf("got %v, %v", b.GetAdmin(), err)
	}
}
