package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/heal"
)

func TestSplitCallID(t *testing.T) {
	tests := []struct{ id, bare, carrier string }{
		{"call_1", "call_1", ""},
		{"", "", ""},
		{"call_1__thought__Z3MxLmEuYi5j", "call_1", "gs1.a.b.c"},
		{"call_1__thought__Z3MxLmEuYi5j==", "call_1", "gs1.a.b.c"},
		{"call_1__thought__EqQBCqEB+/A=", "call_1", "EqQBCqEB+/A="}, // another gateway's
		{"call_1__thought__", "call_1", ""},
		{"call__1", "call__1", ""},
	}
	for _, tt := range tests {
		if bare, carrier := splitCallID(tt.id); bare != tt.bare || carrier != tt.carrier {
			t.Errorf("splitCallID(%q) = %q, %q, want %q, %q", tt.id, bare, carrier, tt.bare, tt.carrier)
		}
	}
}

// signed is an answer of the upstream that signs what it can.
var signed = []conversation.Event{
	{Kind: conversation.EventStart, ID: "r"},
	{Kind: conversation.EventText, Text: conversation.Quote("I will ")},
	{Kind: conversation.EventText, Text: conversation.Quote("\"patch\".\n")},
	{Kind: conversation.EventSignature, Signature: "dGV4dA=="},
	{Kind: conversation.EventCallStart, CallID: "c1", Name: "patch", Signature: "cGF0Y2g="},
	{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"input":`)},
	{Kind: conversation.EventCallArgs, Args: conversation.Raw(`"a\u00e9\n\"b\""}`)},
	{Kind: conversation.EventCallEnd},
	{Kind: conversation.EventCallStart, Name: "get", Signature: "Z2V0"},
	{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"n":1.0,"a":{"y":1,"x":2}}`)},
	{Kind: conversation.EventCallEnd},
	{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
}

// Signatures that went out with an answer come back with the history, verified,
// whatever clients of either habit do to it.
func TestSignaturesSurviveTheClient(t *testing.T) {
	habits := map[string]func(message object){
		"puts the message back whole": func(object) {},
		"drops fields it does not know": func(message object) {
			delete(message, "extra_content")
			for _, c := range message["tool_calls"].([]any) {
				delete(c.(object), "extra_content")
			}
		},
		"rewrites ids": func(message object) {
			for _, c := range message["tool_calls"].([]any) {
				c.(object)["id"] = "own"
			}
		},
		"spaces out arguments": func(message object) {
			for _, c := range message["tool_calls"].([]any) {
				if f, ok := c.(object)["function"].(object); ok {
					f["arguments"] = strings.ReplaceAll(f["arguments"].(string), ":", " : ")
				}
			}
		},
	}
	texts := map[string]string{"drops fields it does not know": ""}
	carriers := heal.Carriers{Key: heal.NewKey([]byte("a secret of the test")), Tenant: "t", Origin: heal.NewOrigin("b", "m")}
	for habit, apply := range habits {
		t.Run(habit, func(t *testing.T) {
			req, err := decode(`"tools":[{"type":"custom","custom":{"name":"patch"}},{"function":{"name":"get"}}]`)
			if err != nil {
				t.Fatal(err)
			}
			sealed := heal.NewSealer(carriers).Seal(nil, signed)
			var doc object
			if err := json.Unmarshal([]byte(encode(t, *req, sealed, false)), &doc); err != nil {
				t.Fatal(err)
			}
			message := doc["choices"].([]any)[0].(object)["message"].(object)
			apply(message)
			body, err := json.Marshal(object{"model": "m", "messages": []any{message}})
			if err != nil {
				t.Fatal(err)
			}
			back, err := New(Config{}).Decode(dialect.Route{}, nil, body)
			if err != nil {
				t.Fatal(err)
			}
			carriers.Verify(back)
			want := []string{"dGV4dA==", "cGF0Y2g=", "Z2V0"}
			if text, ok := texts[habit]; ok {
				want[0] = text
			}
			parts := back.Messages[0].Parts
			if len(parts) != len(want) {
				t.Fatalf("%d parts, want %d", len(parts), len(want))
			}
			for i, p := range parts {
				if p.Signature != want[i] {
					t.Errorf("part %d has signature %q, want %q", i, p.Signature, want[i])
				}
			}
		})
	}
}
