package exchange

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// refusal is an error of the API as Google words it.
func refusal(message string) string {
	return `{"error":{"code":400,"message":` + jsonString(message) + `,"status":"INVALID_ARGUMENT"}}`
}

// A field that upstream refuses is changed once, before the client sees
// anything, and once two different requests were helped by it, the next does not
// fail first.
func TestRelaxingRepairs(t *testing.T) {
	const (
		claude, chat = "/v1/messages", "/v1/chat/completions"
		bounds       = `{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":9}}}`
		strictBody   = `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":` + bounds + `}],"messages":[{"role":"user","content":"hi"}]}`
		calls        = `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"x"}]}]}`
		states  = "The specified schema produces a constraint that has too many states for serving."
		unknown = `Invalid JSON payload received. Unknown name "id" at 'contents[1].parts[0].function_call': Cannot find field.`
		level   = "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level."
		turn    = "Requests ending with a model turn are not supported for this model."
		native  = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`
	)
	for _, c := range []struct {
		name, path, body string
		refused          string
		repair           heal.Repairs
		gone, instead    string // in the body
	}{
		{"ids", claude, calls, unknown, heal.OmitIDs, `"id":"toolu_1"`, `"functionCall":{"name":"ls"`},
		{"ids, native", nativeStream, `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"ls"},"thoughtSignature":"Zm9v"}]},{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"ls","response":{}}}]}],"tools":[{"functionDeclarations":[{"name":"ls"}]}]}`,
			unknown, heal.OmitIDs, `"id":"c1"`, `{"functionCall":{"name":"ls"}`},
		{"schema", claude, strictBody, states, heal.RelaxSchema, `"minimum"`, `{"n":{"type":"integer"}}`},
		{"schema of the answer", chat, `{"model":"gemini-3.5-flash","stream":true,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":` + bounds + `}},"messages":[{"role":"user","content":"hi"}]}`,
			"The schema exceeds the maximum allowed nesting depth.", heal.RelaxSchema, `"minimum"`, `{"n":{"type":"integer"}}`},
		{"schema, native", nativeStream, `{"tools":[{"functionDeclarations":[{"name":"ls","parameters":{"type":"OBJECT","properties":{"format":{"type":"STRING","format":"date-time","minLength":"1"}}}}]}],` + native + `}`,
			states, heal.RelaxSchema, `"minLength"`, `{"format":{"type":"STRING"}}`},
		{"schema of the answer, native", nativeStream, `{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":` + bounds + `},` + native + `}`,
			states, heal.RelaxSchema, `"maximum"`, `{"n":{"type":"integer"}}`},
		{"penalties", chat, `{"model":"gemini-2.0-flash","stream":true,"presence_penalty":0.5,"messages":[{"role":"user","content":"hi"}]}`,
			"Penalty is not enabled for models/gemini-2.0-flash", heal.OmitPenalties, `"presencePenalty"`, `"contents"`},
		{"penalties, native", strings.Replace(nativeStream, "3.5", "2.0", 1), `{"generationConfig":{"frequencyPenalty":0.5,"topK":3},` + native + `}`,
			"Penalty is not enabled for models/gemini-2.0-flash", heal.OmitPenalties, `"frequencyPenalty"`, `{"topK":3}`},
		{"logprobs", chat, `{"model":"gemini-3.5-flash","stream":true,"logprobs":true,"messages":[{"role":"user","content":"hi"}]}`,
			"Logprobs is not enabled for models/gemini-3.5-flash", heal.OmitLogprobs, `"responseLogprobs"`, `"contents"`},
		{"logprobs, native", nativeStream, `{"generationConfig":{"responseLogprobs":true,"topK":3},` + native + `}`,
			"Logprobs is not enabled for models/gemini-3.5-flash", heal.OmitLogprobs, `"responseLogprobs"`, `{"topK":3}`},
		{"thinking", chat, `{"model":"gemini-3.5-flash","stream":true,"reasoning_effort":"minimal","messages":[{"role":"user","content":"hi"}]}`,
			level, heal.RaiseThinking, `"thinkingLevel":"minimal"`, `"thinkingLevel":"low"`},
		{"thinking, native", nativeStream, `{"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}},` + native + `}`,
			level, heal.RaiseThinking, `"MINIMAL"`, `"thinkingLevel":"low"`},
		{"thinking budget", claude, `{"model":"gemini-2.5-flash","max_tokens":9000,"stream":true,"thinking":{"type":"enabled","budget_tokens":5000},"messages":[{"role":"user","content":"hi"}]}`,
			"The thinking budget 5000 is invalid. Please choose a value between 1 and 10.", heal.RaiseThinking, `"thinkingBudget"`, `"contents"`},
		{"thinking budget, native", strings.Replace(nativeStream, "3.5", "2.5", 1), `{"generationConfig":{"thinkingConfig":{"thinkingBudget":5000},"topK":3},` + native + `}`,
			"The thinking budget 5000 is invalid. Please choose a value between 1 and 10.", heal.RaiseThinking, `"thinkingBudget"`, `{"topK":3}`},
		{"trailing model turn", claude, `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"Well,"}]}`,
			turn, heal.NoTrailingModel, `{"role":"model","parts":[{"text":"Well,"}]}]`, `"role":"user"`},
		{"trailing model turn, native", nativeStream, `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"Well,"}]}]}`,
			turn, heal.NoTrailingModel, `"Well,"}]}]`, `Continue your previous message`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			begin := func(n int, memory string) (*attempt, string) {
				a := r.begin(n, memory)
				a.in.Path = c.path
				return a, string(send(t, a, c.body).Body)
			}
			a, body := begin(1, "")
			if !strings.Contains(body, c.gone) {
				t.Fatalf("%s is not sent at all: %s", c.gone, body)
			}
			first := answerWith(a, 400, refusal(c.refused)).Reply
			if first == nil || first.Verdict != policies.Repair || first.Reason != heal.ReasonRelax || first.Wait != 0 {
				t.Fatalf("%+v", first)
			}
			relaxed := func(what, body string) {
				t.Helper()
				if strings.Contains(body, c.gone) || !strings.Contains(body, c.instead) {
					t.Errorf("%s: want %s in the place of %s: %s", what, c.instead, c.gone, body)
				}
			}
			a, body = begin(2, first.Memory)
			relaxed("second attempt", body)
			if a.memory.Repairs != c.repair {
				t.Errorf("repairs %v, want %v", a.memory.Repairs, c.repair)
			}
			act := answerWith(a, 200, hello+stop)
			if act.Step != policies.Send || !strings.Contains(act.Head.Set.Get("x-heald-warning"), "repaired: "+c.repair.String()) {
				t.Fatalf("%+v %+v", act.Head, act.Reply)
			}
			if told := strings.Contains(act.Head.Set.Get("x-heald-warning"), "schemas were simplified"); told != (c.repair == heal.RelaxSchema) {
				t.Errorf("the client is told of simpler schemas: %t: %s", told, act.Head.Set.Get("x-heald-warning"))
			}
			if _, body = begin(1, ""); !strings.Contains(body, c.gone) {
				t.Errorf("one request has taught it: %s", body)
			}
			a, _ = begin(2, first.Memory)
			answerWith(a, 200, hello+stop)
			if _, body = begin(1, ""); !strings.Contains(body, c.gone) {
				t.Errorf("the same request twice has taught it: %s", body)
			}
			a = r.begin(2, first.Memory)
			a.in.Path = c.path
			send(t, a, " "+c.body)
			answerWith(a, 200, hello+stop)
			_, body = begin(1, "")
			relaxed("third request", body)

			// The same refusal again is final, in the upstream's words.
			r = newRig(t, nil)
			a, _ = begin(2, first.Memory)
			again := answerWith(a, 400, refusal(c.refused)).Reply
			if again == nil || again.Verdict != policies.Fail || again.Status != 400 || !strings.Contains(string(again.Body), jsonString(c.refused)) {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// What one model refuses says nothing of another, and one client's schemas
// nothing of another's.
func TestLearnedIsNotTooMuch(t *testing.T) {
	r := newRig(t, nil)
	tool := func(name, more string) string {
		return `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object","properties":{"` + name +
			`":{"type":"integer","minimum":1}}}}],` + more + `"messages":[{"role":"user","content":"hi"}]}`
	}
	sent := func(body string) string {
		f, reply := func() (*policies.Forward, *policies.Reply) {
			a := r.begin(1, "")
			a.RequestHeaders()
			return a.RequestBody(context.Background(), []byte(body))
		}()
		if reply != nil {
			t.Fatalf("%s", reply.Body)
		}
		return string(f.Body)
	}
	first := r.retry(t, 1, "", tool("a", ""), 400, refusal("too many states"), policies.Repair)
	for _, space := range []string{"", " "} {
		a := r.begin(2, first.Memory)
		send(t, a, tool("a", "")+space)
		answerWith(a, 200, hello+stop)
	}
	if strings.Contains(sent(tool("a", "")), "minimum") {
		t.Error("forgotten")
	}
	if !strings.Contains(sent(tool("b", "")), "minimum") {
		t.Error("other schemas are relaxed too")
	}
	if !strings.Contains(sent(strings.Replace(tool("a", ""), "3.5-flash", "3.6-flash", 1)), "minimum") {
		t.Error("another model's are relaxed too")
	}
}

// What a model at one backend refuses is neither left out at another nor remembered of it.
func TestRepairsStayWithTheirModel(t *testing.T) {
	r := chained(t, route.Only("gemini-2.0-flash"), nil)
	ask := `{"model":"top","stream":true,"presence_penalty":0.5,"messages":[{"role":"user","content":"hi"}]}`
	begin := func(n int, memory string) (*attempt, *policies.Forward) {
		a := r.begin(n, memory)
		a.in.Path = "/v1/chat/completions"
		return a, send(t, a, ask)
	}
	first, _ := begin(1, "")
	refused := answerWith(first, 400, refusal("Penalty is not enabled for models/gemini-2.0-flash"))
	second, f := begin(2, refused.Reply.Memory)
	if bytes.Contains(f.Body, []byte("presencePenalty")) {
		t.Errorf("not repaired: %s", f.Body)
	}
	moved := answerWith(second, 429, noCapacity)
	third, f := begin(3, moved.Reply.Memory)
	if third.backend.Name != "b" || !bytes.Contains(f.Body, []byte("presencePenalty")) {
		t.Errorf("%s gets %s", third.backend.Name, f.Body)
	}
	answerWith(third, 200, hello+stop)
	if got := r.learned.Of("b", "gemini-2.0-flash", nil); got != 0 {
		t.Errorf("learned of the second backend: %v", got)
	}
}
