package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// longSignature does not fit behind an id.
var longSignature = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("signature"), 400))

const (
	signedCall = `data: {"candidates": [{"content": {"parts": [{"functionCall": {"name": "ls","args": {"dir": "a","n": 1},"id": "c1"},"thoughtSignature": "%"}],"role": "model"},"finishReason": "STOP"}]}` + "\r\n\r\n"
	signedText = `data: {"candidates": [{"content": {"parts": [{"text": "Hello"}],"role": "model"}}]}` + "\r\n\r\n" +
		`data: {"candidates": [{"content": {"parts": [{"text": "","thoughtSignature": "%"}],"role": "model"},"finishReason": "STOP"}]}` + "\r\n\r\n"
)

// remembering is a rig with a signature cache.
func remembering(t *testing.T) rig {
	r := newRig(t, nil)
	r.signatures = NewSignatures(r.metrics)
	return r
}

// careless is a client that brings a conversation to its second turn and keeps
// of the first answer only what a plain client keeps.
type careless struct {
	name, path, reply string
	first             string
	second            func(t *testing.T, reply []byte) string
}

func decodeTo(t *testing.T, body []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(body, to); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

var carelessClients = []careless{
	{"claude, the final text", "/v1/messages", signedText,
		`{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`,
		func(t *testing.T, reply []byte) string {
			var m struct{ Content json.RawMessage }
			decodeTo(t, reply, &m)
			return `{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":` +
				string(m.Content) + `},{"role":"user","content":"and?"}]}`
		}},
	{"claude, thinking blocks dropped and ids rewritten", "/v1/messages", signedCall,
		`{"model":"gemini-3.5-flash","max_tokens":100,"thinking":{"type":"adaptive"},"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"}]}`,
		func(t *testing.T, reply []byte) string {
			var m struct {
				Content []struct {
					Type  string
					Input json.RawMessage
				}
			}
			decodeTo(t, reply, &m)
			call := m.Content[len(m.Content)-1]
			return `{"model":"gemini-3.5-flash","max_tokens":100,"thinking":{"type":"adaptive"},"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
				`{"role":"assistant","content":[{"type":"tool_use","id":"mine","name":"ls","input":` + string(call.Input) + `}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine","content":"x"}]}]}`
		}},
	{"chat, ids rewritten and extra_content dropped", "/v1/chat/completions", signedCall,
		`{"model":"gemini-3.5-flash","tools":[{"type":"function","function":{"name":"ls"}}],"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}`,
		func(t *testing.T, reply []byte) string {
			var m struct {
				Choices []struct {
					Message struct {
						Calls []struct{ Function json.RawMessage } `json:"tool_calls"`
					}
				}
			}
			decodeTo(t, reply, &m)
			return `{"model":"gemini-3.5-flash","tools":[{"type":"function","function":{"name":"ls"}}],"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"},` +
				`{"role":"assistant","tool_calls":[{"id":"call_0","type":"function","function":` + string(m.Choices[0].Message.Calls[0].Function) + `}]},` +
				`{"role":"tool","tool_call_id":"call_0","content":"x"}]}`
		}},
	{"chat, the final text", "/v1/chat/completions", signedText,
		`{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]}`,
		func(_ *testing.T, _ []byte) string {
			return `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"and?"}]}`
		}},
	{"responses, reasoning dropped", "/v1/responses", signedCall,
		`{"model":"gemini-3.5-flash","store":false,"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}}],"input":[{"role":"user","content":"hi"}]}`,
		func(t *testing.T, reply []byte) string {
			var m struct {
				Output []struct{ Type, Arguments string }
			}
			decodeTo(t, reply, &m)
			args, _ := json.Marshal(m.Output[len(m.Output)-1].Arguments)
			return `{"model":"gemini-3.5-flash","store":false,"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}}],"input":[{"role":"user","content":"hi"},` +
				`{"type":"function_call","call_id":"call_0","name":"ls","arguments":` + string(args) + `},{"type":"function_call_output","call_id":"call_0","output":"x"}]}`
		}},
}

// play brings c to its second turn; between may change the exchange. It
// returns what goes upstream then.
func (r rig) play(t *testing.T, c careless, between func() rig) string {
	t.Helper()
	a := r.begin(1, "")
	a.in.Path = c.path
	send(t, a, c.first)
	act := answerWith(a, 200, strings.Replace(c.reply, "%", longSignature, 1))
	if act.Step != policies.Send || !act.End {
		t.Fatalf("%+v %+v", act, act.Reply)
	}
	if between != nil {
		r = between()
	}
	a = r.begin(1, "")
	a.in.Path = c.path
	return string(send(t, a, c.second(t, act.Body)).Body)
}

func TestCarelessClientsKeepSignatures(t *testing.T) {
	for _, c := range carelessClients {
		t.Run(c.name, func(t *testing.T) {
			want := `"thoughtSignature":"` + longSignature + `"`
			if body := newRig(t, nil).play(t, c, nil); strings.Contains(body, want) {
				t.Fatalf("the client is not careless, which makes this no test:\n%s", body)
			}
			r := remembering(t)
			if body := r.play(t, c, nil); strings.Count(body, want) != 1 {
				t.Errorf("the signature is lost:\n%s", body)
			}
			r = remembering(t)
			reload := func() rig {
				x, err := New(r.cfg, Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry()), Signatures: r.signatures})
				if err != nil {
					t.Fatal(err)
				}
				return rig{Exchange: x}
			}
			if body := r.play(t, c, reload); strings.Count(body, want) != 1 {
				t.Errorf("a reload loses the signature:\n%s", body)
			}
			r = remembering(t)
			other := func() rig {
				r.cfg.Models.Aliases = map[string]route.Chain{"gemini-3.5-flash": route.Only("gemini-3.8-flash")}
				return r
			}
			if body := r.play(t, c, other); strings.Contains(body, longSignature) {
				t.Errorf("another model gets the signature:\n%s", body)
			}
		})
	}
}

// Signatures that upstream has refused must not be found again, or each turn
// would fail first.
func TestRefusedSignaturesAreForgotten(t *testing.T) {
	r, counted := newRig(t, nil).counting(t)
	c := carelessClients[2]
	a := r.begin(1, "")
	a.in.Path = c.path
	send(t, a, c.first)
	second := c.second(t, answerWith(a, 200, strings.Replace(c.reply, "%", longSignature, 1)).Body)
	ask := func(n int, memory string) (*attempt, string) {
		a := r.begin(n, memory)
		a.in.Path = c.path
		return a, string(send(t, a, second).Body)
	}
	a, body := ask(1, "")
	if !strings.Contains(body, longSignature) {
		t.Fatalf("not remembered: %s", body)
	}
	reply := answerWith(a, 400, corrupted).Reply
	if reply.Verdict != policies.Repair {
		t.Fatalf("%+v", reply)
	}
	if a, body = ask(2, reply.Memory); strings.Contains(body, longSignature) {
		t.Errorf("the repaired request has it still: %s", body)
	}
	answerWith(a, 200, hello+stop)
	if a, body = ask(1, ""); strings.Contains(body, longSignature) {
		t.Errorf("the next request has it again: %s", body)
	}
	a.Close(policies.EndComplete)
	if got := counted("heald_signature_cache_total", heal.SignaturePurged); got != 1 {
		t.Errorf("%v purged", got)
	}
}

// The carriers of refused signatures come back with every turn. They must not
// make each turn fail first.
func TestRefusedCarriersDoNotFailEachTurn(t *testing.T) {
	r := remembering(t)
	d := rememberers["claude"]
	a := r.begin(1, "")
	send(t, a, d.first)
	reply := d.reply(t, answerWith(a, 200, thinkingReply).Body)
	body := strings.TrimSuffix(d.first, "]}") + strings.Replace(d.history, "$reply", reply, 1)
	ask := func(n int, memory string) (*attempt, string) {
		a := r.begin(n, memory)
		return a, string(send(t, a, body).Body)
	}
	a, sent := ask(1, "")
	if !strings.Contains(sent, callSig) {
		t.Fatalf("not sent: %s", sent)
	}
	marked := answerWith(a, 400, corrupted).Reply
	a, _ = ask(2, marked.Memory)
	answerWith(a, 200, hello+stop)
	if _, sent = ask(1, ""); strings.Contains(sent, callSig) || !strings.Contains(sent, `"thoughtSignature":"c2tpcF90`) {
		t.Errorf("sent again: %s", sent)
	}
}

// placeholder is the documented one as it stands in bodies, in base64.
const placeholder = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

// A refused signature is one wherever it is told: it must not be sent again.
func TestSignatureRefusedUnder200IsPurged(t *testing.T) {
	r := remembering(t)
	signature := strings.Repeat("c2ln", 30)
	ask := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"}%s]}`
	first := r.begin(1, "")
	send(t, first, fmt.Sprintf(ask, ""))
	answerWith(first, 200, strings.Replace(signedCall, "%", signature, 1))
	// The client loses the carrier; the cache finds the signature.
	next := fmt.Sprintf(ask, `,{"role":"assistant","content":[{"type":"tool_use","id":"mine","name":"ls","input":{"dir":"a","n":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine","content":"x"}]}`)
	second := r.begin(1, "")
	if f := send(t, second, next); !bytes.Contains(f.Body, []byte(signature)) {
		t.Fatalf("the signature was not found: %s", f.Body)
	}
	act := answerWith(second, 200, "data: "+corrupted+"\n\n")
	if act.Reply.Verdict != policies.Repair {
		t.Fatalf("%+v", act.Reply)
	}
	third := r.begin(1, "")
	if f := send(t, third, next); bytes.Contains(f.Body, []byte(signature)) {
		t.Error("the next turn sends the refused signature again")
	}
}

// Where only placeholders went upstream, the repair goes without.
func TestPlaceholderRefused(t *testing.T) {
	r := remembering(t)
	ask := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"mine","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine","content":"x"}]}]}`
	first := r.begin(1, "")
	if f := send(t, first, ask); !bytes.Contains(f.Body, []byte(placeholder)) {
		t.Fatalf("no placeholder in %s", f.Body)
	}
	act := answerWith(first, 400, corrupted)
	if f := send(t, r.begin(2, act.Reply.Memory), ask); bytes.Contains(f.Body, []byte(placeholder)) {
		t.Errorf("the same placeholder again: %s", f.Body)
	}
}

// Carriers can be read by clients.
func TestCarriersDoNotNameTheProject(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.Backends = []route.Backend{{Name: "v", Kind: route.Vertex, Project: "my-secret-project", Location: "l"}}
		cfg.Accounts = []account.Account{{ID: "v-1", Backend: "v", Secret: account.NewSecret("a-credential")}}
	})
	if class := r.cfg.Backends[0].Class(); strings.Contains(class, "secret") || !strings.HasPrefix(class, "vertex/") {
		t.Errorf("class %q", class)
	}
	a := r.begin(1, "")
	send(t, a, ask)
	if act := answerWith(a, 400, refusal("API is disabled in my-secret-project for now.")); strings.Contains(string(act.Reply.Body), "my-secret-project") {
		t.Errorf("the client reads %s", act.Reply.Body)
	}
}
