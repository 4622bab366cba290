package setting

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Wherever a client puts the schema of the answer, it holds.
func TestFormat(t *testing.T) {
	const schema = `{"type":"object","properties":{"schema":{"type":"string"}}}`
	const any, none = "any", "none"
	for _, c := range []struct{ format, want, fault string }{
		{`{"type":"text"}`, none, ""},
		{`{"type":"json_object"}`, any, ""},
		{`{"type":"json_object","schema":` + schema + `}`, schema, ""},
		{`{"type":"json_object","response_schema":` + schema + `}`, schema, ""},
		{`{"type":"json_object","json_schema":{"name":"n","schema":` + schema + `}}`, schema, ""},
		{`{"type":"json_schema","schema":` + schema + `,"name":"n","strict":true}`, schema, ""},
		{`{"type":"json_schema","schema":{"name":"n","schema":` + schema + `}}`, schema, ""},
		{`{"type":"json_schema","schema":{}}`, `{}`, ""},
		{`{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":` + schema + `}}`, schema, ""},
		{`{"type":"json_schema","json_schema":` + schema + `}`, schema, ""},
		{`{"type":"json_schema","json_schema":{"$ref":"#/$defs/a"}}`, `{"$ref":"#/$defs/a"}`, ""},
		{`{"type":"json_schema","json_schema":{"name":"n"}}`, any, ""},
		{`{"json_schema":{"name":"n","schema":` + schema + `}}`, schema, ""},
		{schema, schema, ""},
		{`{"type":["object","null"],"properties":{}}`, `{"type":["object","null"],"properties":{}}`, ""},
		{`{"type":["object"]}`, none, "type"},
		{`{"type":"json_schema"}`, none, "schema"},
		{`{"type":"json_schema","schema":"x"}`, none, "schema"},
		{`{"type":"json_schema","json_schema":"x"}`, none, "json_schema"},
		{`{"type":"json_schema","json_schema":{"schema":1}}`, none, "json_schema.schema"},
		{`{"type":"grammar","grammar":"x"}`, none, "type"},
		{`{"type":1}`, none, "type"},
		{`{}`, none, "type"},
	} {
		w := jsonwalk.Walker{Req: &conversation.Request{Format: &conversation.Format{Schema: conversation.Raw(`{"old":1}`)}}}
		err := Format(&w, "schema", jsontext.Value(c.format))
		if c.fault != "" {
			var fault *conversation.Error
			if !errors.As(err, &fault) || fault.Param != c.fault {
				t.Errorf("%s: error %v, want one about %s", c.format, err, c.fault)
			}
			continue
		}
		got := none
		if f := w.Req.Format; f != nil {
			if got = string(f.Schema); f.Schema == nil {
				got = any
			}
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, error %v; want %s", c.format, got, err, c.want)
		}
	}
}
