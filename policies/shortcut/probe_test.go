package shortcut

import (
	"net/http"
	"testing"
)

func TestProbed(t *testing.T) {
	for _, c := range []struct {
		method, name      string
		status            int // 0: no probe
		contentType, body string
	}{
		{"HEAD", "", 200, "application/json", `{"status":"ok"}`},
		{"GET", "health/readiness", 200, "application/json", `{"status":"ok"}`},
		{"GET", "healthy", 0, "", ""},
		{"POST", "health", 0, "", ""},
		{"POST", "event_logging/batch", 200, "application/json", `{"status":"ok"}`},
		{"GET", "tags", http.StatusNotFound, "", ""},
		{"GET", "favicon.ico", http.StatusNoContent, "", ""},
		{"GET", "robots.txt", 200, "text/plain", "User-agent: *\nDisallow: /\n"},
		{"GET", "messages", 0, "", ""},
	} {
		p := Probed(c.method, c.name)
		if (p != nil) != (c.status != 0) || p != nil && p.Status != c.status {
			t.Errorf("%s %s: %+v", c.method, c.name, p)
			continue
		}
		if p == nil || c.status == http.StatusNotFound {
			continue
		}
		if contentType, body := p.Content(); contentType != c.contentType || body != c.body {
			t.Errorf("%s %s: %s %q", c.method, c.name, contentType, body)
		}
	}
}
