package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

func TestAnswerPasses(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	f := send(t, a, ask)
	if f.Cluster != "a" || f.Authority != "generativelanguage.googleapis.com" ||
		f.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("forward %+v", f)
	}
	act := answerWith(a, 200, hello+stop, "content-type", "text/event-stream", "alt-svc", "h3", "x-heald-verdict", "pass")
	if act.Step != policies.Send || !act.End || act.Head == nil {
		t.Fatalf("action %+v", act)
	}
	if !strings.Contains(string(act.Body), `"text":"Hello"`) || !strings.HasSuffix(string(act.Body), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") {
		t.Errorf("body:\n%s", act.Body)
	}
	for name, want := range map[string]string{
		"x-heald-account": "a-1", "x-heald-backend": "a", "x-heald-model": "gemini-3.5-flash",
		"x-heald-attempts": "1", "x-heald-request-id": "id-1", "content-type": "text/event-stream",
	} {
		if got := act.Head.Set.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := strings.Join(act.Head.Remove, " "); !strings.Contains(got, "alt-svc") || !strings.Contains(got, "x-heald-verdict") {
		t.Errorf("the provider's headers stay: removed only %s", got)
	}
}

// What the model signed in one turn must come back in the next, whichever
// place the dialect has for it.
func TestSignaturesSurviveTheClient(t *testing.T) {
	const sig = "c2lnbmF0dXJlIG9mIHRoZSBjYWxs"
	reply := "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"Bash\",\"args\": {\"command\": \"ls\"},\"id\": \"c1\"},\"thoughtSignature\": \"" + sig + "\"}],\"role\": \"model\"},\"finishReason\": \"STOP\"}]}\r\n\r\n"
	for name, thinking := range map[string]string{
		"thinking on":  `"thinking":{"type":"adaptive"},`,
		"thinking off": ``,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			turn := func(messages string) string {
				return `{"model":"gemini-3.5-flash","max_tokens":100,` + thinking + `"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}}],"messages":[` + messages + `]}`
			}
			a := r.begin(1, "")
			send(t, a, turn(`{"role":"user","content":"run it"}`))
			var message struct {
				Content []map[string]any `json:"content"`
			}
			if err := json.Unmarshal(answerWith(a, 200, reply).Body, &message); err != nil {
				t.Fatal(err)
			}
			content, err := json.Marshal(message.Content)
			if err != nil {
				t.Fatal(err)
			}
			id := message.Content[len(message.Content)-1]["id"]
			f := send(t, r.begin(1, ""), turn(fmt.Sprintf(`{"role":"user","content":"run it"},{"role":"assistant","content":%s},{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":"x"}]}`, content, id)))
			if !bytes.Contains(f.Body, []byte(`"thoughtSignature":"`+sig+`"`)) {
				t.Errorf("the signature is lost:\n%s\nfrom\n%s", f.Body, content)
			}
		})
	}
}
