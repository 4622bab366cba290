package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// Three attempts of one request, the last of which succeeds: each must carry
// the same bytes, and the client's text unchanged.
func TestBodies(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true,
			Fake: fakegemini.Options{Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}}, // 20 MB are too many tokens
		})
		for i, size := range []int{1 * kib, 100 * kib, 1 * mib, 5 * mib, 20 * mib} {
			if !plays(version, i) {
				continue
			}
			t.Run(fmt.Sprintf("%d KiB", size/kib), func(t *testing.T) { threeAttempts(t, s, size) })
		}
	})
}

func threeAttempts(t *testing.T, s *stack.Stack, size int) {
	fake := s.Fake()
	fake.Reset()
	fake.Enqueue(fakegemini.Status(503), fakegemini.EmptyOK())
	text := prose(size)
	got := s.Post(messages, turn(model, text, true))
	s.Settle()
	if answer, err := answerText(got, true); err != nil || !strings.HasPrefix(answer, "You said: ") {
		t.Errorf("got %q, %v", brief(answer), err)
	}
	calls := fake.Requests()
	if len(calls) != 3 {
		t.Fatalf("%d upstream calls, want 3", len(calls))
	}
	for i, c := range calls {
		if upstream := lastText(t, c.Body); hash(upstream) != hash(text) {
			t.Errorf("attempt %d brought %s, not %s", i+1, hash(upstream), hash(text))
		}
		if hash(string(c.Body)) != hash(string(calls[0].Body)) {
			t.Errorf("attempt %d has the body %s, the first %s", i+1, hash(string(c.Body)), hash(string(calls[0].Body)))
		}
	}
}

// prose is size bytes of text with all that JSON escapes, the same every time.
func prose(size int) string {
	words := []string{"plain ", "\"quoted\" ", "back\\slash ", "line\n", "tab\t", "naïve ", "日本語 ", "🙂 ", "<&> ", "\u2028", "\x01", "\r\n"}
	random := rand.New(rand.NewPCG(1, uint64(size)))
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(words[random.IntN(len(words))])
	}
	return strings.ToValidUTF8(b.String()[:size], "")
}

// lastText is the text of the last part of an upstream request.
func lastText(t *testing.T, body []byte) string {
	t.Helper()
	var doc struct {
		Contents []struct{ Parts []struct{ Text string } }
	}
	if err := json.Unmarshal(body, &doc); err != nil || len(doc.Contents) == 0 {
		t.Fatalf("no request of Gemini's: %v, %s", err, brief(string(body)))
	}
	parts := doc.Contents[len(doc.Contents)-1].Parts
	return parts[len(parts)-1].Text
}

// limit is one place at which a body can be too long.
type limit struct {
	name    string
	options stack.Options
	size    int
}

var limits = []limit{
	{"default", stack.Options{}, 33 * mib},
	{"both small", stack.Options{MaxBody: 100 * kib, Params: maxBody(100 * kib)}, 100*kib + 1},
	{"heald smaller", stack.Options{MaxBody: 100 * kib}, 200 * kib},
	// Envoy's limit counts where it hands bodies over whole. Whatever it is, Envoy
	// takes what fits into its connection buffer.
	{"envoy smaller, whole", stack.Options{Params: func(p *bootstrap.Params) { p.MaxBody, p.BufferRequests = 2*mib, true }}, 4 * mib},
	{"both small, whole", stack.Options{MaxBody: 100 * kib, Params: func(p *bootstrap.Params) { p.MaxBody, p.BufferRequests = 100*kib, true }}, 100*kib + 1},
}

func maxBody(n int) func(*bootstrap.Params) { return func(p *bootstrap.Params) { p.MaxBody = n } }

// A body that is too long is refused once, in the client's words, and never
// reaches an upstream.
func TestTooLong(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for i, l := range limits {
			if !plays(version, i) {
				continue
			}
			l.options.Envoy = version
			t.Run(l.name, func(t *testing.T) {
				s := stack.Start(t, l.options)
				t.Run("content-length", func(t *testing.T) { l.refused(t, s, false) })
				t.Run("chunked", func(t *testing.T) { l.refused(t, s, true) })
				// What fits still passes.
				if text, err := answerText(s.Post(messages, turn(model, "hello", true)), true); err != nil || text != good {
					t.Errorf("afterwards: %q, %v", text, err)
				}
			})
		}
	})
}

func (l limit) refused(t *testing.T, s *stack.Stack, chunked bool) {
	s.Fake().Reset()
	before := s.Replicas[0].Metric("heald_streams_total")
	got := postWhole(t, s, turn(model, strings.Repeat("x", l.size), true), chunked)
	wantError(t, got, 413, "request_too_large", "")
	s.Settle()
	if n := len(s.Fake().Requests()); n != 0 {
		t.Errorf("%d upstream calls, want none", n)
	}
	if n := s.Replicas[0].Metric("heald_streams_total") - before; n > 1 {
		t.Errorf("%v attempts, want at most one", n)
	}
	if retry := got.Header.Get("x-should-retry"); retry == "true" {
		t.Error("the client is told to retry")
	}
}

// postWhole sends a body that may be refused before it is complete. A
// http.Client would then report that it could not write; most others read
// the answer, as this does.
func postWhole(t *testing.T, s *stack.Stack, body string, chunked bool) stack.Answer {
	t.Helper()
	ctx := patient(t)
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+messages, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	if chunked {
		req.ContentLength, req.Body = -1, io.NopCloser(strings.NewReader(body))
	}
	go func() { _ = req.Write(conn) }() // ends when Envoy or this function closes
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return stack.Answer{Err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(data), Err: err}
}
