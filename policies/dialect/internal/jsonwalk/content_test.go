package jsonwalk

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// An object of unknown type is left out only if nothing that was said is lost.
func TestUnknown(t *testing.T) {
	for _, c := range []struct{ object, message string }{
		{`{"type":"x"}`, ""},
		{`{"type":"x","id":"a","created_at":"2026","turn_id":"t","status":"done","n":1,"on":true,"text":"","list":[]}`, ""},
		{`{"type":"x","id":"a","text":"t"}`, "type: 'x' is not a known type of part, and its field text would be lost"},
		{`{"type":"x","data":{"a":1}}`, "type: 'x' is not a known type of part, and its field data would be lost"},
		{`{"type":"x","list":[1]}`, "type: 'x' is not a known type of part, and its field list would be lost"},
	} {
		w := Walker{Req: &conversation.Request{}}
		err := w.Object(jsontext.Value(c.object), func(m Members) error { return m.Unknown("part") })
		var fault *conversation.Error
		switch {
		case c.message == "" && (err != nil || len(w.Req.Warnings) != 1):
			t.Errorf("%s: error %v, warnings %v; want one warning", c.object, err, w.Req.Warnings)
		case c.message != "" && (!errors.As(err, &fault) || fault.Message != c.message || fault.Param != "type"):
			t.Errorf("%s: error %v, want %s", c.object, err, c.message)
		}
	}
}

func TestStray(t *testing.T) {
	known := &Table{Name: "t", Fields: []Field{{"content", Drop, ""}}}
	w := Walker{Req: &conversation.Request{}}
	err := w.Object(jsontext.Value(`{"content":"a","n":1,"parts":[{}],"text":"t"}`), func(m Members) error {
		if got := m.Stray(known, nil); got != "parts" {
			t.Errorf("stray field = %q, want parts", got)
		}
		text := func(v jsontext.Value) bool { return v.Kind() == '"' }
		if got := m.Stray(known, text); got != "text" {
			t.Errorf("stray text = %q, want text", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
