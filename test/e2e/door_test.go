package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// spoken is a reply that was read whole.
type spoken struct {
	status int
	header http.Header
	body   string
	last   bool // of its connection, as it says itself
}

// speak sends bytes to the outer listener and reads one reply.
func speak(t *testing.T, s *stack.Stack, method, text string) spoken {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	deadline, _ := patient(t).Deadline()
	_ = c.SetDeadline(deadline)
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	return spoken{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// failedRequests counts the requests that replicas called failed.
func failedRequests(s *stack.Stack) (n float64) {
	for _, r := range s.Replicas {
		n += r.Metric("heald_requests_total", `outcome="failed"`)
	}
	return n
}

// A WebSocket handshake is told that HTTP is spoken here, whatever its path, and
// never reaches heald.
func TestWebSocketHandshake(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for _, path := range []string{"/v1/responses", "/openai/v1/responses", "/v1/realtime?model=m", "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"} {
			got := speak(t, s, "GET", "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			if got.status != 426 || got.header.Get("upgrade") != "HTTP/1.1" || !strings.EqualFold(got.header.Get("connection"), "upgrade") || !strings.Contains(got.body, `"message"`) {
				t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
			}
		}
		s.Settle()
		if n := failedRequests(s); n != 0 {
			t.Errorf("%v failed requests", n)
		}
	})
}

// Only gemini-cli is told that the connection ends with the reply.
func TestCloseIsAnnounced(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for agent, want := range map[string]bool{
			"GeminiCLI/0.61.0/gemini-3.8-flash (linux; x64; terminal)": true,
			"GeminiCLI-vscode/0.61.0":                                  true,
			"google-genai-sdk/3.1.0 gl-node/v20.20.2":                  false,
			"claude-cli/2.1.329 (external, sdk-cli)":                   false,
		} {
			got := speak(t, s, "POST", fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nContent-Length: %d\r\n\r\n%s", messages, agent, len(plain), plain))
			if got.status != 200 || got.last != want {
				t.Errorf("%s: %d, announces its close: %v, want %v", agent, got.status, got.last, want)
			}
		}
	})
}

// A client may offer to go on in TLS, as Apache's HttpClient does with each
// request: a server may ignore it (RFC 9110, 7.8).
func TestOfferOfTLS(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		got := speak(t, s, "POST", fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\nContent-Length: %d\r\n\r\n%s", messages, len(plain), plain))
		if got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

// No spelling of a path gets around the keys, and none reaches the provider but
// those of an API.
func TestOddPaths(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		const key = "a key of sixteen and more"
		s := stack.Start(t, stack.Options{Envoy: version, ClientKeys: []string{key}})
		for _, path := range []string{
			"/v1%2Fmessages", "/%2Fv1/messages", "/x/../v1/messages", "/./v1/messages", `/v1\messages`, "/%761/messages", "/v1/messages%3F", "/v1/messages;a=b", "/v1/messages%00", "/v1/messages#x",
			"/healthz/../v1/messages", "/v1beta/models/..%2F..%2Ffiles:generateContent", "/v1beta/models/x%252F..%2Fy:generateContent", "/v1/../v1beta/models/gemini-3.5-flash:generateContent",
		} {
			for _, header := range []string{"X-A: b", "X-Api-Key: " + key} {
				got := speak(t, s, "POST", fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\nContent-Length: %d\r\n\r\n%s", path, header, len(plain), plain))
				if got.status < 400 || got.status > 404 {
					t.Errorf("%s, %s: %d %s", path, header, got.status, got.body)
				}
			}
		}
		if got := speak(t, s, "POST", fmt.Sprintf("POST //v1//messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(plain), plain)); got.status != 401 {
			t.Errorf("doubled slashes, no key: %d %s", got.status, got.body)
		}
		s.Settle()
		if calls := s.Fake().Requests(); len(calls) > 0 {
			t.Errorf("the provider was asked for %s", calls[0].Path)
		}
	})
}

// What load balancers, monitors and clients ask before they ask for anything.
func TestProbesAtTheDoor(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, ClientKeys: []string{"a key of sixteen and more"}})
		for _, c := range []struct {
			line, headers string
			status        int
		}{
			{"GET /healthz HTTP/1.1", "Host: localhost", 200},
			{"HEAD /healthz HTTP/1.1", "Host: localhost", 200},
			{"GET /healthz HTTP/1.0", "X-A: b", 200},
			{"GET /healthz/ HTTP/1.1", "Host: localhost", 200},
			{"GET /healthz?full=1 HTTP/1.1", "Host: localhost", 200},
			{"GET /favicon.ico HTTP/1.1", "Host: localhost", 204},
			{"GET / HTTP/1.0", "X-A: b", 200},
			{"GET / HTTP/1.1", "Host: localhost", 200},
			{"HEAD / HTTP/1.1", "Host: localhost", 200},
			{"GET /api/hello HTTP/1.1", "Host: localhost", 200},
			{"HEAD /api/hello HTTP/1.1", "Host: localhost", 200},
			{"OPTIONS /v1/messages HTTP/1.1", "Host: localhost", 204},
		} {
			method, _, _ := strings.Cut(c.line, " ")
			if got := speak(t, s, method, c.line+"\r\nConnection: close\r\n"+c.headers+"\r\n\r\n"); got.status != c.status {
				t.Errorf("%s: %d %s", c.line, got.status, got.body)
			}
		}
		s.Settle()
		if n := failedRequests(s); n != 0 {
			t.Errorf("%v failed requests", n)
		}
		// Without a replica no requests should be sent here.
		s.Replicas[0].Kill()
		eventually(t, "/healthz says no", func() bool {
			got := speak(t, s, "GET", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			return got.status == 503
		})
	})
}

// As many headers as the door takes fail nowhere behind it.
func TestManyHeaders(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for _, c := range []struct{ headers, status int }{{100, 200}, {120, 431}} {
			var b strings.Builder
			fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", messages, len(plain))
			for i := range c.headers - 4 {
				fmt.Fprintf(&b, "X-Header-%d: value\r\n", i)
			}
			if got := speak(t, s, "POST", b.String()+"\r\n"+plain); got.status != c.status || (c.status == 431) != strings.Contains(got.body, "more than 100 headers") {
				t.Errorf("%d headers: %d %s", c.headers, got.status, got.body)
			}
		}
	})
}

// A base URL that ends with a slash works for every API.
func TestSlashesInPaths(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	for _, r := range wireRequests {
		path, query, _ := strings.Cut(r.path, "?")
		for _, p := range []string{"/" + path, path + "/", strings.ReplaceAll(path, "/", "//")} {
			if a := s.Post(p+"?"+query, r.body); a.Status != 200 {
				t.Errorf("%s %s: %d %s", r.api, p, a.Status, a.Body)
			}
		}
	}
}

// Whatever base URL a client has, Envoy lets its paths in, and wrong ones come
// back as errors that nothing retries.
func TestBaseURLsAtTheDoor(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version})
		for _, r := range wireRequests {
			path, query, _ := strings.Cut(r.path, "?")
			name := path[strings.Index(path[1:], "/")+1:]
			for _, base := range []string{"", "/v1/v1", "/api/v1", "/v1/"} {
				if a := s.Post(base+name+"?"+query, r.body); a.Status != 200 {
					t.Errorf("%s %s: %d %s", r.api, base+name, a.Status, a.Body)
				}
			}
		}
		for _, r := range wireRequests {
			if r.api == "chat" {
				if a := s.Post("/openai/deployments/gemini-3.5-flash/chat/completions?api-version=2024-10-21", r.body); a.Status != 200 {
					t.Errorf("Azure: %d %s", a.Status, a.Body)
				}
			}
		}
		for _, path := range []string{"/embeddings", "/openai/v1/embeddings", "/openai/deployments/gemini-embedding-001/embeddings?api-version=2024-10-21"} {
			if a := s.Post(path, `{"model":"text-embedding-3-small","input":"hi"}`); a.Status != 200 {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
		s.Settle()
		failed := failedRequests(s)
		for _, c := range []struct {
			line   string
			status int
			allow  string
		}{
			{"HEAD /v1/messages", 405, "POST, OPTIONS"},
			{"GET /v1/chat/completions", 405, "POST, OPTIONS"},
			{"GET /openai/v1/models", 200, ""},
			{"HEAD /models", 200, ""},
			{"GET /models/google%2Fgemini-3.8-flash", 200, ""},
			{"GET /api/tags", 404, ""},
		} {
			method, _, _ := strings.Cut(c.line, " ")
			if got := speak(t, s, method, c.line+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); got.status != c.status || got.header.Get("allow") != c.allow {
				t.Errorf("%s: %d %v %s", c.line, got.status, got.header, got.body)
			}
		}
		s.Settle()
		if n := failedRequests(s); n != failed {
			t.Errorf("%v failed requests", n-failed)
		}
		calls := len(s.Fake().Requests())
		if a := s.Post("/v1/messages/batches", plain); a.Status != 404 || !strings.Contains(string(a.Body), "one by one") {
			t.Errorf("batches: %d %s", a.Status, a.Body)
		}
		s.Settle()
		if n := failedRequests(s); n != failed+1 || len(s.Fake().Requests()) != calls {
			t.Errorf("%v failed requests, want one more; upstream was asked %d times", n-failed, len(s.Fake().Requests())-calls)
		}
	})
}

// A web app whose origin is listed may ask, and read what it gets.
func TestWebApp(t *testing.T) {
	const app = "https://chat.example.com"
	s := stack.Start(t, stack.Options{Config: "browsers: {origins: [\"" + app + "\"]}\n", ClientKeys: []string{"a key of sixteen and more"}})
	const close = "Host: localhost\r\nConnection: close\r\nOrigin: " + app + "\r\n"
	for name, c := range map[string]struct {
		method, text string
		status       int
	}{
		"preflight": {"OPTIONS", "OPTIONS /v1/messages HTTP/1.1\r\n" + close + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-api-key\r\n\r\n", 204},
		"answer":    {"POST", fmt.Sprintf("POST /v1/messages HTTP/1.1\r\n%sX-Api-Key: a key of sixteen and more\r\nContent-Length: %d\r\n\r\n%s", close, len(streamed), streamed), 200},
		"no key":    {"POST", fmt.Sprintf("POST /v1/messages HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", close, len(streamed), streamed), 401},
		"models":    {"GET", "GET /v1/models HTTP/1.1\r\n" + close + "X-Api-Key: a key of sixteen and more\r\n\r\n", 200},
	} {
		got := speak(t, s, c.method, c.text)
		if got.status != c.status || got.header.Get("access-control-allow-origin") != app {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
		if name == "preflight" && got.header.Get("access-control-allow-headers") != "x-api-key" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
}
