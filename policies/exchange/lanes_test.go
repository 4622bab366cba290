package exchange

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

func askChat(t *testing.T, model, fields string) *Translation {
	t.Helper()
	return translator(t, TranslatorConfig{}).Request(context.Background(), &policies.Request{Method: "POST", Path: "/v1/chat/completions"},
		fmt.Appendf(nil, `{"model":%q,"messages":[{"role":"user","content":"hi"}]%s}`, model, fields))
}

// Several answers come mixed. Each has its own stop sequences and signatures,
// and the reply ends once, after the last of them.
func TestSeveralAnswersInOneReply(t *testing.T) {
	candidate := func(index int, parts, finish string) string {
		return fmt.Sprintf(`{"index":%d,"content":{"role":"model","parts":[%s]}%s}`, index, parts, finish)
	}
	frame := func(candidates ...string) string {
		return `data: {"candidates":[` + strings.Join(candidates, ",") + `],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":8,"totalTokenCount":11},"responseId":"r1"}` + "\n\n"
	}
	const done = `,"finishReason":"STOP"`
	for _, c := range []struct {
		name, reply string
		want        []string // in the document
		verdict     policies.Verdict
	}{
		// A sixth stop sequence is heald's to look for.
		{"stopped", frame(candidate(0, `{"text":"Ze5"}`, ""), candidate(1, `{"text":"On5"}`, "")) +
			frame(candidate(1, `{"text":"!e."}`, ""), candidate(0, `{"text":"#ro."}`, "")) + frame(candidate(1, `{"text":" On."}`, done), candidate(0, `{"text":"Never."}`, done)),
			[]string{`{"index":0,"message":{"role":"assistant","content":"Ze","refusal":null},"logprobs":null,"finish_reason":"stop"}`,
				`{"index":1,"message":{"role":"assistant","content":"On5!e. On.","refusal":null},"logprobs":null,"finish_reason":"stop"}`}, policies.Pass},
		{"signed calls", frame(candidate(0, `{"functionCall":{"name":"f","args":{}},"thoughtSignature":"YQ=="}`, ""), candidate(1, `{"functionCall":{"name":"f","args":{}},"thoughtSignature":"Yg=="}`, "")) +
			frame(candidate(0, `{"text":""}`, done), candidate(1, `{"text":""}`, done)),
			[]string{`"index":0`, `"index":1`, `"thought_signature":"gs1.`}, policies.Pass},
		{"fewer than asked for", frame(candidate(0, `{"text":"Zero."}`, done)), []string{`"content":"Zero."`, `"completion_tokens":8`}, policies.Pass},
		{"one is cut off", frame(candidate(0, `{"text":"Zero."}`, done), candidate(1, `{"text":"On"}`, "")), nil, policies.Retry},
		{"one is no answer", frame(candidate(0, `{"text":"Zero."}`, done), candidate(1, ``, `,"finishReason":"MALFORMED_FUNCTION_CALL"`)), nil, policies.Retry},
	} {
		for _, stream := range []bool{true, false} {
			for _, step := range []int{0, 1, 7} {
				name := fmt.Sprintf("%s, stream %v, step %d", c.name, stream, step)
				tr := askChat(t, "gemini-2.5-flash", fmt.Sprintf(`,"n":2,"stream":%v,"stream_options":{"include_usage":true},"stop":["1","2","3","4","6","5#"]`, stream))
				if tr.Reply != nil || !strings.Contains(string(tr.Forward.Body), `"candidateCount":2`) {
					t.Fatalf("%s: %+v", name, tr)
				}
				got := tr.Answer(200, nil, []byte(c.reply), step)
				if !stream && got.Verdict != c.verdict {
					t.Errorf("%s: verdict %v (%s), want %v\n%s", name, got.Verdict, got.Reason, c.verdict, got.Body)
				}
				if stream {
					ends, usages := strings.Count(string(got.Body), "data: [DONE]"), strings.Count(string(got.Body), `"completion_tokens":8`)
					if whole := c.verdict == policies.Pass; whole && (ends != 1 || usages != 1) || !whole && ends != 0 {
						t.Errorf("%s: %d ends and %d usages in\n%s", name, ends, usages, got.Body)
					}
					continue
				}
				for _, want := range c.want {
					if !strings.Contains(string(got.Body), want) {
						t.Errorf("%s: no %s in\n%s", name, want, got.Body)
					}
				}
			}
		}
	}
}

// A model that gives one answer refuses others in words that say what to do.
func TestSeveralAnswersOfOneModel(t *testing.T) {
	tr := askChat(t, "gemini-3.8-flash", `,"n":2`)
	if tr.Reply == nil || tr.Reply.Status != 400 || !strings.Contains(string(tr.Reply.Body), `n: model gemini-3.8-flash gives one answer per request; send the request again for another`) {
		t.Errorf("got %+v", tr.Reply)
	}
}
