package exchange

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const benchModel = "gemini-3.5-flash"

// newBenchExchange is an exchange with one account, which logs as the binary
// does, but to nowhere.
func newBenchExchange(b *testing.B) *Exchange {
	b.Helper()
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	x, err := New(Config{
		Backends:   []route.Backend{{Name: "a", Kind: route.AIStudio}},
		Accounts:   []account.Account{{ID: "a-1", Backend: "a", Secret: account.NewSecret("key")}},
		MemoryKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
	}, Deps{
		Log:     zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(io.Discard)), zapcore.InfoLevel)),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// benchBody is a request of about size bytes. From 20 KB on it has the shape
// of a coding agent's: a system text and tools of a tenth of it each, then
// turns of thinking, call and result, each call with a carrier of ours.
func benchBody(b *testing.B, x *Exchange, size int, stream bool) []byte {
	b.Helper()
	head := fmt.Sprintf(`{"model":%q,"max_tokens":32000,"stream":%v,`, benchModel, stream)
	const words = "Some words that say nothing much. "
	prose := func(n int) string { return strings.Repeat(words, n/len(words)+1)[:n] }
	if size < 20_000 {
		return []byte(head + `"messages":[{"role":"user","content":"` + prose(size-len(head)-60) + `"}]}`)
	}
	carriers := heal.Carriers{Key: x.key, Tenant: defaultTenant, Origin: heal.NewOrigin(x.cfg.Backends[0].Class(), benchModel)}
	var s strings.Builder
	fmt.Fprintf(&s, `%s"thinking":{"type":"enabled","budget_tokens":10000},"system":"%s","tools":[`, head, prose(size/10))
	for i := range 20 {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"name":"tool_%d","description":"%s","input_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`+
			`"properties":{"file_path":{"type":"string","description":"A path."},"offset":{"type":"integer"}},"required":["file_path"],"additionalProperties":false}}`,
			i, prose(size/200))
	}
	s.WriteString(`],"messages":[{"role":"user","content":"begin"}`)
	lines := strings.Repeat(`\tif err := run(\"name\"); err != nil {\n\t\treturn err\n\t}\n`, 80)
	for i := 0; s.Len() < size; i++ {
		name, args := fmt.Sprintf("tool_%d", i%20), fmt.Sprintf(`{"file_path":"/src/file_%d.go","offset":%d}`, i, i)
		carrier := carriers.SealCall(strings.Repeat("c2ln", 75), name, []byte(args))
		fmt.Fprintf(&s, `,{"role":"assistant","content":[{"type":"thinking","thinking":"%s","signature":"%s"},{"type":"tool_use","id":"toolu_%d","name":%q,"input":%s}]}`,
			prose(300), carrier, i, name, args)
		fmt.Fprintf(&s, `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":[{"type":"text","text":"%s"}]}]}`, i, lines)
	}
	s.WriteString(`]}`)
	return []byte(s.String())
}

// benchChunks is an answer of n events, one a chunk, framed as recorded ones.
func benchChunks(n int) [][]byte {
	chunks := make([][]byte, n)
	for i := range chunks {
		finish := ""
		if i == n-1 {
			finish = `"finishReason": "STOP",`
		}
		chunks[i] = fmt.Appendf(nil, `data: {"candidates": [{"content": {"parts": [{"text": "some words of an answer that is streamed to whoever asked.\n"}],"role": "model"},%s"index": 0}],`+
			`"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": %d,"totalTokenCount": %d,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},`+
			`"modelVersion": "gemini-3.5-flash","responseId": "hA8uacrjJsqE998P26jViQY"}`+"\r\n\r\n", finish, i+1, i+9)
	}
	return chunks
}

// sendRequest begins an attempt and leads it until its request is under way.
func sendRequest(b *testing.B, x *Exchange, body []byte) policies.Attempt {
	ctx := context.Background()
	a := x.Begin(ctx, &policies.Request{
		Method: "POST", Path: "/v1/messages", Authority: "localhost",
		Headers: policies.Headers{
			{Name: "content-type", Value: "application/json"}, {Name: "x-api-key", Value: "none"},
			{Name: "anthropic-version", Value: "2023-06-01"}, {Name: "user-agent", Value: "bench"},
			{Name: policies.HeaderRequestID, Value: "5a1d6d27-4f0b-4d0e-9d3b-0f6f0a6b7c11"},
			{Name: policies.HeaderAttemptCount, Value: "1"}, {Name: policies.HeaderPolicy, Value: route.DefaultPolicy},
		},
	})
	if r := a.RequestHeaders(); r != nil {
		b.Fatalf("refused: %s", r.Body)
	}
	if _, r := a.RequestBody(ctx, body); r != nil {
		b.Fatalf("refused: %s", r.Body)
	}
	return a
}

// runAttempt leads one attempt from its first message to its last.
func runAttempt(b *testing.B, x *Exchange, body []byte, chunks [][]byte) {
	a := sendRequest(b, x, body)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream,
		Headers: policies.Headers{{Name: ":status", Value: "200"}, {Name: "content-type", Value: "text/event-stream"}}})
	var last policies.Action
	for i, c := range chunks {
		last = a.ResponseBody(c, i == len(chunks)-1)
	}
	if last.Step != policies.Send || !last.End || len(last.Body) == 0 {
		b.Fatalf("the answer was not completed: %+v", last)
	}
	a.Close(policies.EndComplete)
}

// BenchmarkAttemptAnswer is an attempt with a small request and an answer of n
// chunks. Time per chunk must not grow with n.
func BenchmarkAttemptAnswer(b *testing.B) {
	for _, stream := range []bool{true, false} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("stream=%v/chunks=%d", stream, n), func(b *testing.B) {
				x := newBenchExchange(b)
				body, chunks := benchBody(b, x, 1000, stream), benchChunks(n)
				b.SetBytes(int64(n * len(chunks[0])))
				b.ReportAllocs()
				for b.Loop() {
					runAttempt(b, x, body, chunks)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/chunk")
			})
		}
	}
}

// BenchmarkAttemptRequest is an attempt with a growing request and an answer of
// ten chunks. Time per byte must not grow with the size.
func BenchmarkAttemptRequest(b *testing.B) {
	for _, size := range []int{1000, 20_000, 200_000, 2_000_000} {
		b.Run(fmt.Sprintf("%dKB", size/1000), func(b *testing.B) {
			x := newBenchExchange(b)
			body, chunks := benchBody(b, x, size, true), benchChunks(10)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				runAttempt(b, x, body, chunks)
			}
		})
	}
}

// BenchmarkRequest200K compares the whole way of a coding agent's request with
// what it takes at least: to see that its bytes are JSON. For the ratio both
// take turns, so that a machine that is slow for a while is slow for both.
func BenchmarkRequest200K(b *testing.B) {
	x := newBenchExchange(b)
	body := benchBody(b, x, 200_000, true)
	validate := func() {
		if !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
			b.Fatal("the request is not JSON")
		}
	}
	b.Run("validate", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			validate()
		}
	})
	b.Run("translate", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		var least time.Duration
		for b.Loop() {
			sendRequest(b, x, body).Close(policies.EndCancelled)
			b.StopTimer()
			start := time.Now()
			validate()
			least += time.Since(start)
			b.StartTimer()
		}
		b.ReportMetric(float64(b.Elapsed())/float64(least), "x-validate")
	})
}
