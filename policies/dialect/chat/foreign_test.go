package chat

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// A client that sends fields of another API got its ids from this one, so
// carriers are taken off the ids wherever they come back.
func TestCarriersInWordsOfOtherAPIs(t *testing.T) {
	id := joinCallID("call_1", "gs1.x")
	for _, body := range []string{
		`"input":[{"type":"function_call","call_id":"` + id + `","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"` + id + `","output":"r"}]`,
		`"messages":[{"type":"function_call","call_id":"` + id + `","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"` + id + `","output":"r"}]`,
		`"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"` + id + `","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"` + id + `","content":"r"}]}]`,
	} {
		req, err := New(Config{}).Decode(dialect.Route{}, nil, []byte(`{"model":"m",`+body+`}`))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		var calls, results []conversation.Part
		for _, m := range req.Messages {
			for _, p := range m.Parts {
				switch p.Kind {
				case conversation.KindCall:
					calls = append(calls, p)
				case conversation.KindResult:
					results = append(results, p)
				}
			}
		}
		if len(calls) != 1 || calls[0].Call.ID != "call_1" || calls[0].Carrier != "gs1.x" {
			t.Errorf("%s: calls %+v", body, calls)
		}
		if len(results) != 1 || results[0].Result.CallID != "call_1" {
			t.Errorf("%s: results %+v", body, results)
		}
	}
}

// The schema of the answer that gateways and servers of models take without a
// format.
func TestBareSchema(t *testing.T) {
	const schema = `{"type":"object","properties":{}}`
	for _, name := range []string{"guided_json", "response_schema"} {
		req, err := decode(`"` + name + `":` + schema)
		if err != nil || req.Format == nil || string(req.Format.Schema) != schema {
			t.Errorf("%s: %+v, error %v", name, req, err)
		}
		if _, err := decode(`"` + name + `":"x"`); err == nil {
			t.Errorf("%s: a string is taken for a schema", name)
		}
	}
}
