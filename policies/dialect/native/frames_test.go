package native

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/sse"
)

// frameEncoder is what the encoders of this package have in common.
type frameEncoder interface {
	EncodeFrame(dst, frame []byte) []byte
	Encode(dst []byte, ev conversation.Event) []byte
	Ping(dst []byte) []byte
	Headers() policies.Headers
}

var _ = []frameEncoder{&eventEncoder{}, &arrayEncoder{}, &documentEncoder{}}

var (
	finish  = conversation.Event{Kind: conversation.EventFinish}
	failure = conversation.Event{Kind: conversation.EventFailure, Err: &conversation.Error{Kind: conversation.ErrAPI, Message: "broke off"}}
)

const broken = `{"error":{"code":500,"message":"broke off","status":"INTERNAL"}}`

// play feeds frames and an end. Each frame is overwritten behind the encoder's
// back, as the reader's memory is.
func play(e frameEncoder, last conversation.Event, frames ...string) string {
	var out []byte
	out = e.Encode(out, conversation.Event{Kind: conversation.EventStart})
	for _, f := range frames {
		frame := []byte(f)
		out = e.EncodeFrame(out, frame)
		for i := range frame {
			frame[i] = '!'
		}
	}
	return string(e.Encode(out, last))
}

func TestFramings(t *testing.T) {
	const a, b = `{"candidates": [{"content": {"parts": [{"text": "A"}]}}]}`, `{"responseId": "r"}`
	const last = `{"candidates": [{"content": {"parts": [{"text": "B"}]},"finishReason": "STOP"}]}`
	for _, c := range []struct {
		name   string
		e      frameEncoder
		last   conversation.Event
		frames []string
		want   string
	}{
		{"events", &eventEncoder{}, finish, []string{a, b}, "data: " + a + "\r\n\r\ndata: " + b + "\r\n\r\n"},
		{"events that break off", &eventEncoder{}, failure, []string{a}, "data: " + a + "\r\n\r\ndata: " + broken + "\r\n\r\n" + broken + "\r\n"},
		{"an open line", &eventEncoder{openLine: true}, finish, []string{a, last, b}, "data: " + a + "\r\n\r\ndata: " + last + "\r\n\r\ndata: " + b + "\r\n\r\n"},
		{"an open line, an error", &eventEncoder{openLine: true}, failure, []string{a}, "data: " + a + "\r\n\r\ndata: " + broken + "\r\n\r\n" + broken + "\r\n"},
		{"an open line, the end", &eventEncoder{openLine: true}, finish, []string{a}, "data: " + a + "\r\n\r\ndata: {}\r\n\r\n"},
		{"an open line, nothing but a block", &eventEncoder{openLine: true}, finish, []string{b}, "data: " + b + "\r\n\r\n"},
		{"an open line, broken off without a word", &eventEncoder{openLine: true}, conversation.Event{}, []string{a}, "data: " + a + "\r\n\r\ndata: "},
		{"an array where events were wanted", &eventEncoder{}, finish, []string{"[" + a + "\n,\r\n" + b + "\n]\n"}, "data: " + a + "\r\n\r\ndata: " + b + "\r\n\r\n"},
		{"an event of many lines", &eventEncoder{}, finish, []string{"{\n\"a\":\r\n1}\n"}, "data: { \"a\":  1}\r\n\r\n"},
		{"array", &arrayEncoder{}, finish, []string{a, b}, "[" + a + "\n,\r\n" + b + "\n]"},
		{"array that breaks off", &arrayEncoder{}, failure, []string{a}, "[" + a + "\n,\r\n" + broken + "\n]"},
		{"array that breaks off at once", &arrayEncoder{}, failure, nil, "[" + broken + "\n]"},
		{"array of nothing", &arrayEncoder{}, finish, []string{"", "[]"}, "[\n]"},
		{"document that breaks off", &documentEncoder{}, failure, []string{a}, broken},
		{"document of nothing", &documentEncoder{}, finish, nil, "{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(c.e, c.last, c.frames...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKeepAlives(t *testing.T) {
	const a, b = `{"candidates": [{"content": {"parts": [{"text": "A"}]}}]}`, `{"responseId": "r"}`
	for name, c := range map[string]struct {
		e    frameEncoder
		want string
	}{
		"events":    {&eventEncoder{}, "data: " + a + "\r\n\r\n\r\n\r\ndata: " + b + "\r\n\r\n"},
		"open line": {&eventEncoder{openLine: true}, "data: " + a + "\r\n\r\ndata:  " + b + "\r\n\r\n"},
		"array":     {&arrayEncoder{}, "[" + a + "\n\n,\r\n" + b + "\n]"},
		"document":  {&documentEncoder{}, `{"candidates":[{"content":{"parts":[{"text":"A"}]}}],"responseId":"r"}`},
	} {
		t.Run(name, func(t *testing.T) {
			out := c.e.EncodeFrame(nil, []byte(a))
			out = c.e.EncodeFrame(c.e.Ping(out), []byte(b))
			if diff := cmp.Diff(c.want, string(c.e.Encode(out, finish))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (&arrayEncoder{}).Ping(nil); len(got) > 0 {
		t.Errorf("before the array: %q", got)
	}
}

func TestFold(t *testing.T) {
	say := func(parts string) string {
		return `{"candidates": [{"content": {"parts": [` + parts + `],"role": "model"},"index": 0}]}`
	}
	folded := func(parts string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `],"role":"model"},"index":0}]}`
	}
	const call = `{"functionCall": {"name": "ls","args": {"n": 1.50}},"thoughtSignature": "QQ=="}`
	for _, c := range []struct {
		name   string
		frames []string
		want   string
	}{
		{"texts of one kind", []string{say(`{"thought": true,"text": "a"}`), say(`{"text": "b","thought": true}`), say(`{"text": "\u0063"}`), say(`{"text": "d"}`)},
			folded(`{"text":"ab","thought":true},{"text":"\u0063d"}`)},
		{"signed text stays by itself", []string{say(`{"text": "a"}`), say(`{"text": "b","thoughtSignature": "QQ=="}`), say(`{"text": "c"}`)},
			folded(`{"text":"a"},{"text": "b","thoughtSignature": "QQ=="},{"text":"c"}`)},
		{"signature on an empty text", []string{say(`{"text": "a"}`), say(`{"text": "","thoughtSignature": "QQ=="}`)},
			folded(`{"text":"a"},{"text": "","thoughtSignature": "QQ=="}`)},
		{"calls keep their bytes", []string{say(call), say(`{"text": ""}`)}, folded(call)},
		{"empty text before a call", []string{say(`{"text": ""}`), say(call)}, folded(call)},
		{"empty text between kinds", []string{say(`{"text": "a","thought": true}`), say(`{"text": ""}`), say(`{"text": "b"}`)}, folded(`{"text":"a","thought":true},{"text":"b"}`)},
		{"only an empty text", []string{say(`{"text": ""}`)}, folded(`{"text":""}`)},
		{"media", []string{say(`{"inlineData": {"mimeType": "image/png","data": "QQ=="}}`), say(`{"fieldOfTomorrow": 1}`)},
			folded(`{"inlineData": {"mimeType": "image/png","data": "QQ=="}},{"fieldOfTomorrow": 1}`)},
		{"finish without parts", []string{say(`{"text": "a"}`), `{"candidates": [{"finishReason": "STOP","content": {"role": "model"},"groundingMetadata": {"webSearchQueries": ["q"]}}]}`, `{"candidates": [{"groundingMetadata": {}}]}`},
			`{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0,"finishReason":"STOP","groundingMetadata":{"webSearchQueries": ["q"]}}]}`},
		{"candidates by index", []string{`{"candidates": [{"content": {"parts": [{"text": "a"}]}},{"index": 1,"content": {"parts": [{"text": "x"}]}}]}`, `{"candidates": [{"content": {"parts": [{"text": "y"}]},"index": 1},{"content": {"parts": [{"text": "b"}]},"index": 0}]}`},
			`{"candidates":[{"content":{"parts":[{"text":"ab"}]},"index":0},{"content":{"parts":[{"text":"xy"}]},"index":1}]}`},
		{"last usage that counts", []string{`{"usageMetadata": {"trafficType": "ON_DEMAND"},"modelVersion": "m"}`, `{"usageMetadata": {"totalTokenCount": 5},"responseId": "r"}`, `{"usageMetadata": {"totalTokenCount": 4}}`, `{"usageMetadata": {"trafficType": "ON_DEMAND"},"turnToken": "t"}`},
			`{"usageMetadata":{"totalTokenCount": 4},"modelVersion":"m","responseId":"r","turnToken":"t"}`},
		{"citations of every frame", []string{`{"candidates": [{"citationMetadata": {"citationSources": [{"uri": "a"}]}}]}`, `{"candidates": [{"citationMetadata": {"citationSources": [],"x": 1}}]}`, `{"candidates": [{"citationMetadata": {"citationSources": [{"uri": "b"}],"x": 2}}]}`},
			`{"candidates":[{"citationMetadata":{"citationSources":[{"uri": "a"},{"uri": "b"}],"x":2}}]}`},
		{"prompt refused", []string{`{"promptFeedback": {"blockReason": "SAFETY"}}`}, `{"promptFeedback":{"blockReason": "SAFETY"}}`},
		{"nulls", []string{`{"candidates": [{"content": null,"index": null,"finishReason": "STOP"}],"usageMetadata": null}`, `{"candidates": null}`},
			`{"candidates":[{"index":null,"finishReason":"STOP"}],"usageMetadata":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(&documentEncoder{}, finish, c.frames...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What recorded streams said is what the document says: all texts in order,
// every other part, the last finish.
func TestRecordedStreamsFold(t *testing.T) {
	folded := 0
	dialecttest.Corpus(t, "gemini_stream_responses.jsonl.gz", func(row dialecttest.Recorded) {
		if !strings.HasPrefix(row.Body, "data:") || strings.Contains(row.Body, `"error"`) {
			return
		}
		var r sse.Reader
		if err := r.Feed([]byte(row.Body)); err != nil {
			t.Fatal(err)
		}
		var e documentEncoder
		var want summary
		for next, last := r.Next, false; ; {
			frame, ok := next()
			if !ok && last {
				break
			} else if !ok {
				next, last = r.End, true
				continue
			}
			want.add(t, frame.Data)
			e.EncodeFrame(nil, frame.Data)
		}
		var got summary
		got.add(t, e.Encode(nil, finish))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", row.ID, diff)
		}
		folded++
	})
	if folded < 200 && !t.Failed() {
		t.Errorf("only %d streams", folded)
	}
}

// summary is what an answer says, however it was cut.
type summary struct {
	Text, Thought, Finish, Version string
	Signatures                     []string
	Others                         []string
}

func (s *summary) add(t *testing.T, response []byte) {
	t.Helper()
	var r struct {
		Candidates []struct {
			Content      struct{ Parts []map[string]json.RawMessage }
			FinishReason any
			Index        int
		}
		ModelVersion string
	}
	dec := json.NewDecoder(bytes.NewReader(response))
	if err := dec.Decode(&r); err != nil {
		t.Fatalf("%v: %s", err, response)
	}
	if r.ModelVersion != "" {
		s.Version = r.ModelVersion
	}
	for _, c := range r.Candidates {
		if c.Index != 0 {
			continue
		}
		if word, ok := c.FinishReason.(string); ok {
			s.Finish = word
		}
		for _, p := range c.Content.Parts {
			var text, signature string
			_ = json.Unmarshal(p["text"], &text)
			if string(p["thought"]) == "true" {
				s.Thought += text
			} else {
				s.Text += text
			}
			if json.Unmarshal(p["thoughtSignature"], &signature) == nil && signature != "" {
				s.Signatures = append(s.Signatures, signature)
			}
			delete(p, "text")
			delete(p, "thought")
			delete(p, "thoughtSignature")
			if len(p) > 0 {
				other, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				s.Others = append(s.Others, string(other))
			}
		}
	}
}
