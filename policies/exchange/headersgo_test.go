package exchange

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/record"
)

// inOneMessage has all texts of headers lie in one string, as extproc reads them,
// beside a credential. The pointer is nil once nobody keeps any of them.
func inOneMessage(headers policies.Headers, texts ...*string) weak.Pointer[byte] {
	for i := range headers {
		texts = append(texts, &headers[i].Name, &headers[i].Value)
	}
	var all strings.Builder
	all.WriteString(strings.Repeat("secret", 1000))
	for _, text := range texts {
		all.WriteString(*text)
	}
	message := all.String()
	rest := message[len("secret")*1000:]
	for _, text := range texts {
		n := len(*text)
		*text, rest = rest[:n], rest[n:]
	}
	return weak.Make(unsafe.StringData(message))
}

// slowSink writes nothing until it is closed: all records wait.
type slowSink chan struct{}

func (s slowSink) Write(context.Context, []record.Entry) error { <-s; return nil }
func (s slowSink) Close() error                                { return nil }

// What outlives a request keeps nothing of the message in which its headers came:
// that would be all of them, up to 60 KiB, for the sake of an id or a name.
func TestHeadersGoWithTheRequest(t *testing.T) {
	const native = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	const chat = `{"messages":[{"role":"user","content":"hi"}]}`
	noBackends := func(cfg *Config) {
		cfg.Backends = nil
		cfg.Accounts = []account.Account{{ID: "c-1", Backend: "c", Secret: account.NewSecret("key-c-1")}}
	}
	for _, c := range []struct {
		name, path, body string
		change           func(*Config)
		headers          []string
		status           int // 0: the client left
		answer           string
	}{
		{"the client leaves", "/v1/messages", ask, nil, nil, 0, ""},
		{"answered", "/v1/messages", ask, nil, []string{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, 200, hello + stop},
		{"a path of the client's own", "/v1/messages/1", ask, nil, nil, 0, ""},
		{"the model in the path", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", native, nil, nil, 200, hello + stop},
		{"a model that fails", "/v1beta/models/gemini-3.5-flash:generateContent", native, nil, nil, 503, overload},
		{"the deployment in the path", "/openai/deployments/gemini-3.5-flash/chat/completions", chat, nil, nil, 503, overload},
		{"a deployment that answers", "/openai/deployments/gemini-3.5-flash/chat/completions", chat, nil, nil, 200, hello + stop},
		{"chat", "/openai/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]}`, nil, nil, 200, hello + stop},
		{"settings", "/v1/messages", ask, nil, []string{"x-heald-set", "hedge=p90,allow.tiers=flex standard"}, 200, hello + stop},
		{"a backend of the route", "/v1/messages", ask, noBackends, []string{"x-heald-backends", "c=ai_studio"}, 429, minute},
		{"a tenant's key", "/v1/messages", ask, func(cfg *Config) { cfg.ClientKeys = []string{"client-secret"} }, nil, 200, hello + stop},
		{"memory in the store", "/v1/messages", ask, nil, []string{"x-heald-set", "memory=store"}, 503, overload},
		{"tokens are counted", "/v1beta/models/gemini-3.5-flash:countTokens", native, nil, nil, 200, `{"totalTokens":3}`},
		{"embeddings", "/v1beta/models/gemini-embedding-001:embedContent", `{"content":{"parts":[{"text":"hi"}]}}`, nil, nil, 200, `{"embedding":{"values":[1]}}`},
		{"a session", "/v1/messages", ask, nil, []string{"x-heald-session", "session-1"}, 200, hello + stop},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change)
			sink := make(slowSink)
			queue := record.NewQueue(sink, record.QueueOptions{Name: "test", Log: zap.NewNop(), Metrics: record.NewMetrics(prometheus.NewRegistry())})
			defer func() {
				close(sink)
				_ = queue.Close(context.Background())
			}()
			r.recorder = queue
			request, response := func() (request, response weak.Pointer[byte]) {
				a := r.begin(1, "", c.headers...)
				a.in.Path = c.path
				request = inOneMessage(a.in.Headers, &a.in.Method, &a.in.Path, &a.in.Authority)
				resp := &policies.Response{Status: c.status, Details: policies.ViaUpstream, Headers: policies.Headers{
					{Name: "retry-after", Value: "7"}, {Name: "date", Value: "Mon, 30 Nov 2026 05:00:00 GMT"}, {Name: "server", Value: "x"},
					{Name: "x-gemini-service-tier", Value: "STANDARD"}, {Name: "x-ratelimit-remaining-requests", Value: "5"},
				}}
				response = inOneMessage(resp.Headers)
				if reply := a.RequestHeaders(); reply == nil {
					if _, reply := a.RequestBody(context.Background(), []byte(c.body)); reply != nil {
						t.Fatalf("refused: %s", reply.Body)
					}
				}
				if c.status != 0 && a.ResponseHeaders(resp).Step != policies.Answer {
					a.ResponseBody([]byte(c.answer), true)
				}
				a.Close(policies.EndCancelled)
				return request, response
			}()
			r.log.TakeAll() // the observer keeps the attempts
			runtime.GC()
			runtime.GC()
			if request.Value() != nil {
				t.Error("the request's headers are kept")
			}
			if response.Value() != nil {
				t.Error("the response's headers are kept")
			}
			runtime.KeepAlive(r)
			runtime.KeepAlive(queue)
		})
	}
}
