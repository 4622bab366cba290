package responses

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/heal"
)

const everyShape = `"tools":[{"type":"function","name":"plain"},{"type":"custom","name":"patch"},` +
	`{"type":"namespace","name":"ns","tools":[{"type":"function","name":"f"},{"type":"custom","name":"g"}]},` +
	`{"type":"local_shell"},{"type":"shell"},{"type":"apply_patch"},{"type":"tool_search","execution":"client"}]`

// A signature must come back on the same call, whatever shape the client saw:
// it is bound to the call's name and arguments.
func TestSignaturesComeBack(t *testing.T) {
	tests := []struct{ name, args string }{
		{"plain", `{"b":1.0,"a":"é\n"}`},
		{"plain", ``},
		{"patch", `{"input":"*** Begin \"Patch\"\n"}`},
		{"ns__f", `{"a":null}`},
		{"ns__g", `{"input":""}`},
		{"local_shell", `{"command":["ls","-l"],"working_directory":"/tmp"}`},
		{"shell", `{"commands":["ls"],"timeout_ms":10}`},
		{"apply_patch", `{"type":"update_file","path":"a","diff":"@@\n-a\n+b"}`},
		{"tool_search", `{"query":"q"}`},
	}
	for _, thoughts := range []string{"auto", "none"} {
		for _, tt := range tests {
			t.Run(tt.name+"/thoughts "+thoughts, func(t *testing.T) {
				carriers := heal.Carriers{Tenant: "t"}
				body := fmt.Sprintf(`{"model":"m","reasoning":{"summary":%q},%s,"input":`, thoughts, everyShape)
				req, err := New().Decode(dialect.Route{}, nil, []byte(body+`"go"}`))
				if err != nil {
					t.Fatal(err)
				}
				events := heal.NewSealer(carriers).Seal(nil, []conversation.Event{
					{Kind: conversation.EventStart, ID: "r"},
					{Kind: conversation.EventThought, Text: conversation.Quote("Let me see.")},
					{Kind: conversation.EventCallStart, Name: tt.name, Signature: "c2ln"},
					{Kind: conversation.EventCallArgs, Args: conversation.Raw(tt.args)},
					{Kind: conversation.EventCallEnd},
					{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
				})
				var reply struct{ Output json.RawMessage }
				if err := json.Unmarshal(encode(t, *req, events, false), &reply); err != nil {
					t.Fatal(err)
				}
				back, err := New().Decode(dialect.Route{}, nil, append(append([]byte(body), reply.Output...), '}'))
				if err != nil {
					t.Fatalf("%v in %s", err, reply.Output)
				}
				carriers.Verify(back)
				parts := back.Messages[len(back.Messages)-1].Parts
				if call := parts[len(parts)-1]; call.Signature != "c2ln" || call.Call.Name != tt.name {
					t.Errorf("call %s has signature %q, want %s and c2ln\n%s", call.Call.Name, call.Signature, tt.name, reply.Output)
				}
			})
		}
	}
}
