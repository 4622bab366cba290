package resume

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An error is read whatever a proxy on the way made of it, as far as it can be.
func TestRefusalIsRead(t *testing.T) {
	const said = `{"error":{"code":429}}`
	zip := func(w io.Writer, s string) {
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, s)
		_ = z.Close()
	}
	for _, c := range []struct {
		name, coding, want string
		write              func(io.Writer)
	}{
		{"plain", "", said, func(w io.Writer) { _, _ = io.WriteString(w, said) }},
		{"gzip", "gzip", said, func(w io.Writer) { zip(w, said) }},
		{"gzip without a header", "", said, func(w io.Writer) { zip(w, said) }},
		{"an unknown coding", "lzma", "", func(w io.Writer) { _, _ = io.WriteString(w, said) }},
		{"a bomb", "gzip", strings.Repeat("x", refusalLimit), func(w io.Writer) { zip(w, strings.Repeat("x", 32<<20)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("date", "Thu, 01 Jan 2026 00:00:00 GMT")
				w.Header().Set("retry-after", "Thu, 01 Jan 2026 00:00:10 GMT")
				if c.coding != "" {
					w.Header().Set("content-encoding", c.coding)
				}
				w.WriteHeader(http.StatusTooManyRequests)
				c.write(w)
			}))
			t.Cleanup(server.Close)
			client, err := NewClient(server.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.http.CloseIdleConnections)
			_, err = collect(t.Context(), client, forward())
			var r *Refusal
			if !errors.As(err, &r) || r.Status != http.StatusTooManyRequests || string(r.Body) != c.want {
				t.Fatalf("got %v: %+.200v", err, r)
			}
			if r.Date != "Thu, 01 Jan 2026 00:00:00 GMT" || r.RetryAfter != "Thu, 01 Jan 2026 00:00:10 GMT" {
				t.Errorf("date %q, retry-after %q", r.Date, r.RetryAfter)
			}
		})
	}
}
