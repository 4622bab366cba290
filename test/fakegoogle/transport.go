package fakegoogle

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
)

// Transport answers calls to the hosts without sockets; others cannot be
// reached. TLS is taken for granted: only the metadata server may be asked in
// plain text.
func (g *Google) Transport() http.RoundTripper { return transport{g} }

type transport struct{ google *Google }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Host
	if !slices.Contains([]string{TokenHost, STSHost, IAMHost, MetadataHost}, host) || (r.URL.Scheme == "https") == (host == MetadataHost) {
		return nil, fmt.Errorf("dial %s: no such host", host)
	}
	got := r.Clone(r.Context())
	got.Host, got.RequestURI = host, r.URL.RequestURI()
	if got.Body == nil {
		got.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	t.google.ServeHTTP(w, got)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}
