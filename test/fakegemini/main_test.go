package fakegemini

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client returns an HTTP client that leaves nothing behind. Replies are not
// decompressed behind the test's back.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func newRequest(t *testing.T, s *Server, path, body string) *http.Request {
	t.Helper()
	method := http.MethodPost
	var r io.Reader = strings.NewReader(body)
	if body == "" {
		method, r = http.MethodGet, nil
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Goog-Api-Key", "k")
	return req
}

// send returns the status and whole body of one exchange; an empty body means GET.
func send(t *testing.T, s *Server, path, body string) (int, string) {
	t.Helper()
	return do(t, newRequest(t, s, path, body))
}

func do(t *testing.T, req *http.Request) (int, string) {
	t.Helper()
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// errorMessage is error.message of an error reply.
func errorMessage(t *testing.T, body string) string {
	t.Helper()
	n, err := parseNode([]byte(body))
	if err != nil {
		t.Fatalf("no JSON: %q", body)
	}
	return n.member("error").member("message").str()
}

const (
	studio25 = "/v1beta/models/gemini-2.5-flash:generateContent"
	studio35 = "/v1beta/models/gemini-3.5-flash:generateContent"
	studio36 = "/v1beta/models/gemini-3.6-flash:generateContent"
	stream25 = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
	stream35 = "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
	vertex25 = "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent"
	vertex35 = "/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash:generateContent"
	hello    = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
)
