package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/e2e/mesh"
	"github.com/heald-proxy/heald/test/stack"
)

// TestMeshClosed runs the forms without heald's filter, as after a patch that
// matched nothing or a policy that was removed: clients get 503, and no provider
// sees a request, nor the client's key in it.
func TestMeshClosed(t *testing.T) {
	for _, f := range mesh.Forms {
		if !strings.HasPrefix(f.Name, "istio-gateway") && !strings.HasPrefix(f.Name, "gateway") {
			continue // a sidecar's inner listener comes with its filter
		}
		t.Run(f.Name, func(t *testing.T) {
			o := f.Options(t, stack.Options{Backends: []string{"a"}})
			edit := o.Edit
			o.Edit = func(rendered string) string { return withoutFilter(t, edit(rendered)) }
			s := stack.Start(t, o)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+messages, strings.NewReader(streamed))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = f.Host
			req.Header.Set("content-type", "application/json")
			req.Header.Set("x-api-key", "a client's key")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("status %d, want 503: %s", resp.StatusCode, body)
			}
			for name, fake := range s.Fakes {
				if n := len(fake.Requests()); n != 0 {
					t.Errorf("backend %s was asked %d times", name, n)
				}
			}
		})
	}
}

// withoutFilter removes heald's filter from all listeners.
func withoutFilter(t *testing.T, config string) string {
	t.Helper()
	var all any
	if err := json.Unmarshal([]byte(config), &all); err != nil {
		t.Fatal(err)
	}
	removed := 0
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if filters, ok := v["http_filters"].([]any); ok {
				var kept []any
				for _, x := range filters {
					text, _ := json.Marshal(x)
					if strings.Contains(string(text), "ext_proc.v3.ExternalProcessor") {
						removed++
						continue
					}
					kept = append(kept, x)
				}
				v["http_filters"] = kept
			}
			if per, ok := v["typed_per_filter_config"].(map[string]any); ok {
				for name := range per {
					if strings.Contains(name, "ext_proc") {
						delete(per, name)
					}
				}
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(all)
	if removed == 0 {
		t.Fatal("heald's filter is not there")
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
