package fakegemini

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	tail      = regexp.MustCompile(`"usageMetadata": .*"responseId": "[^"]*"`)
	signature = regexp.MustCompile(`"thoughtSignature": "[A-Za-z0-9+/=]{400,}"`)
)

// short replaces what is computed: usage, model and response id by TAIL, a
// signature of realistic length by SIG.
func short(body string) string {
	return signature.ReplaceAllString(tail.ReplaceAllString(body, "TAIL"), "SIG")
}

func event(candidates string) string {
	return `data: {"candidates": [` + candidates + `],TAIL}` + "\r\n\r\n"
}

// wireCase is a reply and the exact bytes it makes.
type wireCase struct {
	name, path string
	reply      Reply
	want       string
}

var chunkA = event(`{"content": {"parts": [{"text": "a"}],"role": "model"},"index": 0}`)

var streamCases = []wireCase{
	{"text", stream35, Text("a", "b"), chunkA +
		event(`{"content": {"parts": [{"text": "b"}],"role": "model"},"index": 0}`) +
		event(`{"content": {"parts": [{"text": "",SIG}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"text on 2.5", stream25, Text("a", "b"), chunkA +
		event(`{"content": {"parts": [{"text": "b"}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"text on 2.5, finish apart", stream25, Text("a").FinishApart(), chunkA +
		event(`{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"text on 3.5, finish on last", stream35, Text("a").FinishOnLast().Finish("MAX_TOKENS"),
		event(`{"content": {"parts": [{"text": "a"}],"role": "model"},"finishReason": "MAX_TOKENS","index": 0}`)},
	{"think", stream25, Think("t").Then(Text("a")), event(`{"content": {"parts": [{"text": "t","thought": true}],"role": "model"},"index": 0}`) +
		event(`{"content": {"parts": [{"text": "a"}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"call", stream35, Call("f", `{"x":1.50}`).NoFinish(),
		event(`{"content": {"parts": [{"functionCall": {"name": "f","args": {"x": 1.50},"id": "ID"},SIG}],"role": "model"},"index": 0}`)},
	{"call on 2.5", stream25, Call("f", ""),
		event(`{"content": {"parts": [{"functionCall": {"name": "f","args": {}}}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"calls", stream35, Calls(FunctionCall{Name: "f", ID: "ID"}, FunctionCall{Name: "g", ID: "-"}),
		event(`{"content": {"parts": [{"functionCall": {"name": "f","args": {},"id": "ID"},SIG},{"functionCall": {"name": "g","args": {}}}],"role": "model"},"index": 0}`) +
			event(`{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"calls apart, unsigned", stream35, CallsApart(FunctionCall{Name: "f", ID: "ID", Signature: "-"}, FunctionCall{Name: "g", ID: "ID"}).NoFinish(),
		event(`{"content": {"parts": [{"functionCall": {"name": "f","args": {},"id": "ID"}}],"role": "model"},"index": 0}`) +
			event(`{"content": {"parts": [{"functionCall": {"name": "g","args": {},"id": "ID"}}],"role": "model"},"index": 0}`)},
	{"chunks", stream35, Chunks(`{"a":1,"b":[1,2]}`, `no json`), "data: {\"a\": 1,\"b\": [1,2]}\r\n\r\ndata: no json\r\n\r\n"},
	{"verbatim", stream35, Text("a").NoFinish().Then(Verbatim([]byte("event: x\n\n"))), chunkA + "event: x\n\n"},
	{"empty 200", stream35, EmptyOK(), ""},
	{"eof before content", stream35, EOFBeforeContent(), ""},
	{"heartbeats", stream35, Heartbeats(0, 2).Then(Text("a").NoFinish()), ": keep-alive\r\n\r\n: keep-alive\r\n\r\n" + chunkA},
	{"error event", stream35, ErrorEvent(503), `data: {"error": {"code": 503,"message": "The model is overloaded. Please try again later.","status": "UNAVAILABLE"}}` + "\r\n\r\n"},
	{"error after content", stream35, ErrorAfterContent(500, "a"), chunkA + `data: {"error": {"code": 500,"message": "Internal error encountered.","status": "INTERNAL"}}` + "\r\n\r\n"},
	{"bare json error", stream35, BareJSONError(503), "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded. Please try again later.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n"},
	{"usage only", stream35, UsageOnlyThenEnd(), "data: {TAIL}\r\n\r\n"},
	{"stop without parts", stream35, StopWithoutParts(), event(`{"content": {"role": "model"},"finishReason": "STOP","index": 0}`)},
	{"malformed call", stream35, MalformedCall(), event(`{"content": {"role": "model"},"finishReason": "MALFORMED_FUNCTION_CALL","index": 0}`)},
	{"safety", stream35, FinishWithoutParts("SAFETY"), event(`{"content": {"role": "model"},"finishReason": "SAFETY","index": 0}`)},
	{"blocked", stream35, Blocked("SAFETY"), `data: {"promptFeedback": {"blockReason": "SAFETY"},TAIL}` + "\r\n\r\n"},
	{"end without finish", stream35, EndWithoutFinish("a"), chunkA},
	{"numbers for enums", strings.Replace(stream25, "alt=sse", "alt=sse&$alt=json;enum-encoding%3Dint", 1), Text("a"), event(`{"content": {"parts": [{"text": "a"}],"role": "model"},"finishReason": 1,"index": 0}`)},
}

func TestStreamBytes(t *testing.T) {
	for _, tc := range streamCases {
		t.Run(tc.name, func(t *testing.T) {
			s := Start(t)
			s.Enqueue(tc.reply)
			resp, err := client(t).Do(newRequest(t, s, tc.path, hello))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 200 {
				t.Fatal(resp.StatusCode, err)
			}
			got := regexp.MustCompile(`"id": "[0-9a-f]{8}"`).ReplaceAllString(short(string(b)), `"id": "ID"`)
			if got != tc.want {
				t.Errorf("got\n%q\nwant\n%q", got, tc.want)
			}
			if kind := resp.Header.Get("Content-Type"); tc.name != "empty 200" && kind != "text/event-stream" {
				t.Errorf("content type %q", kind)
			}
			if s.Pending() != 0 {
				t.Error("the reply is still queued")
			}
		})
	}
}

func TestStatusReplies(t *testing.T) {
	s := Start(t)
	s.Enqueue(
		Status(429, RetryDelay("47.4s"), QuotaID("PerDay"), Reason("RATE_LIMIT_EXCEEDED"), Header("Retry-After", "48")),
		Status(429),
		Status(500, Message("boom")),
		HTML200(),
		Raw(418, http.Header{"X-A": {"b"}}, []byte("tea")),
	)
	for _, want := range []struct {
		status int
		body   []string
	}{
		{429, []string{`"retryDelay": "47.4s"`, `"quotaId": "PerDay"`, `"reason": "RATE_LIMIT_EXCEEDED"`, `"status": "RESOURCE_EXHAUSTED"`}},
		{429, []string{`"message": "Resource has been exhausted (e.g. check quota)."`}},
		{500, []string{`"message": "boom"`, `"status": "INTERNAL"`}},
		{200, []string{"<!DOCTYPE html>"}},
		{418, []string{"tea"}},
	} {
		status, body := send(t, s, stream35, hello)
		for _, part := range want.body {
			if status != want.status || !strings.Contains(body, part) {
				t.Errorf("%d without %q: %s", status, part, body)
			}
		}
	}
	// a stream that is a JSON array carries its error in an array
	s.Enqueue(Status(503))
	if _, body := send(t, s, "/v1beta/models/gemini-2.5-flash:streamGenerateContent", hello); !strings.HasPrefix(body, "[{") {
		t.Errorf("array error: %s", body)
	}
}

func TestUnaryBytes(t *testing.T) {
	s := Start(t)
	s.Enqueue(Text("a", "b").Usage(Usage{Prompt: 5, Cached: 2, Candidates: 3, Thoughts: 4, ToolUse: 1}))
	_, body := send(t, s, studio25, hello)
	want := `{
  "candidates": [
    {
      "content": {
        "parts": [
          {
            "text": "ab"
          }
        ],
        "role": "model"
      },
      "finishReason": "STOP",
      "index": 0
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 5,
    "cachedContentTokenCount": 2,
    "candidatesTokenCount": 3,
    "totalTokenCount": 13,
    "promptTokensDetails": [
      {
        "modality": "TEXT",
        "tokenCount": 5
      }
    ],
    "toolUsePromptTokenCount": 1,
    "thoughtsTokenCount": 4
  },
  "modelVersion": "gemini-2.5-flash",
  "responseId": "`
	if !strings.HasPrefix(body, want) {
		t.Errorf("got %s", body)
	}
}

func TestUnaryFolds(t *testing.T) {
	s := Start(t)
	for _, tc := range []struct {
		name, path string
		reply      Reply
		want       string
	}{
		{"signature of the last empty text", studio35, Text("a", "b"), `{"candidates": [{"content": {"parts": [{"text": "ab",SIG}],"role": "model"},"finishReason": "STOP","index": 0}],TAIL}`},
		{"thoughts stay apart", studio25, Think("t", "u").Then(Text("a")), `{"candidates": [{"content": {"parts": [{"text": "tu","thought": true},{"text": "a"}],"role": "model"},"finishReason": "STOP","index": 0}],TAIL}`},
		{"empty finish text after a call", studio35, CallsApart(FunctionCall{Name: "f", ID: "1"}, FunctionCall{Name: "g", ID: "2"}),
			`{"candidates": [{"content": {"parts": [{"functionCall": {"name": "f","args": {},"id": "1"},SIG},{"functionCall": {"name": "g","args": {},"id": "2"}}],"role": "model"},"finishReason": "STOP","index": 0}],TAIL}`},
		{"no parts", studio35, StopWithoutParts(), `{"candidates": [{"content": {"role": "model"},"finishReason": "STOP","index": 0}],TAIL}`},
		{"no finish", studio35, EndWithoutFinish("a"), `{"candidates": [{"content": {"parts": [{"text": "a"}],"role": "model"},"index": 0}],TAIL}`},
		{"error wins", studio35, ErrorAfterContent(500, "a"), `{"error": {"code": 500,"message": "Internal error encountered.","status": "INTERNAL"}}`},
		{"candidates by index", studio35, Chunks(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0},{"content":{"parts":[{"text":"x"}]},"index":1}]}`, `{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP","index":0}]}`),
			`{"candidates": [{"content": {"parts": [{"text": "ab"}],"role": "model"},"finishReason": "STOP","index": 0},{"content": {"parts": [{"text": "x"}],"role": "model"},"index": 1}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.Enqueue(tc.reply)
			_, body := send(t, s, tc.path, hello)
			if got := short(string(spaced(body))); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestArrayStream(t *testing.T) {
	s := Start(t)
	s.Enqueue(Chunks(`{"a":1}`, `{"b":2}`), Status(400))
	path := "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
	if _, body := send(t, s, path, hello); body != "[{\n  \"a\": 1\n},\r\n{\n  \"b\": 2\n}]\r\n" {
		t.Errorf("got %q", body)
	}
}

func TestResets(t *testing.T) {
	for _, tc := range []struct {
		name, path string
		reply      Reply
		chunks     int // whole ones that arrive before the reset
	}{
		{"before headers", stream35, ResetBeforeHeaders(), -1},
		{"after headers", stream35, ResetAfterHeaders(), 0},
		{"mid stream", stream35, ResetMidStream(2), 2},
		{"mid document", studio35, ResetMidStream(2), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := Start(t)
			s.Enqueue(tc.reply)
			resp, err := client(t).Do(newRequest(t, s, tc.path, hello))
			if tc.chunks < 0 {
				if err == nil {
					resp.Body.Close()
					t.Fatal("got headers")
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				var b []byte
				b, err = io.ReadAll(resp.Body)
				resp.Body.Close()
				if got := strings.Count(string(b), "\r\n\r\n"); got != tc.chunks {
					t.Errorf("%d chunks, want %d", got, tc.chunks)
				}
			}
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("got %v, want a connection reset", err)
			}
			if err := s.WaitIdle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := s.Requests()[0].Ended; got != EndedReset {
				t.Errorf("ended %q", got)
			}
		})
	}
}

// A silent fake is released by its client's leaving, and says so.
func TestSilences(t *testing.T) {
	for _, tc := range []struct {
		name    string
		reply   Reply
		headers bool
	}{
		{"before headers", SilentBeforeHeaders(), false},
		{"after headers", SilentAfterHeaders(), true},
		{"heartbeats for ever", Heartbeats(time.Millisecond, 0), true},
		{"after content", Text("a").NoFinish().Then(Silence()), true},
		{"slow", Text("a", "b").Slow(time.Hour), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := Start(t)
			s.Enqueue(tc.reply)
			req := newRequest(t, s, stream35, hello)
			ctx, leave := withCancel(t)
			req = req.WithContext(ctx)
			got := make(chan error, 1)
			go func() { // ends when the request does
				resp, err := client(t).Do(req)
				if err == nil {
					if tc.headers {
						_, err = io.ReadFull(resp.Body, make([]byte, 1))
						leave()
					}
					resp.Body.Close()
				}
				got <- err
			}()
			if err := s.WaitRequests(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if !tc.headers || tc.name == "after headers" {
				leave()
			}
			err := <-got
			if !tc.headers && err == nil {
				t.Error("headers came")
			}
			if err := s.WaitIdle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if ended := s.Requests()[0].Ended; ended != EndedClient {
				t.Errorf("ended %q", ended)
			}
		})
	}
}

func TestGate(t *testing.T) {
	s := Start(t)
	gate := make(chan struct{})
	s.Enqueue(Text("a").NoFinish().Then(Gate(gate)).Then(Text("b")))
	resp, err := client(t).Do(newRequest(t, s, stream25, hello))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 20)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	if s.Active() != 1 || s.Requests()[0].Ended != EndedRunning {
		t.Error("the gate did not hold")
	}
	close(gate)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(rest), `"text": "b"`) {
		t.Errorf("%v: %s", err, rest)
	}
}

func TestBigAndGzip(t *testing.T) {
	s := Start(t, Options{Gzip: true})
	const size = 1 << 20
	s.Enqueue(Big(size))
	req := newRequest(t, s, stream35, hello)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" || len(b) < size || len(b) > size+4096 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
