package dialecttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

var dumpNames = map[reflect.Type][]string{
	reflect.TypeFor[conversation.Role]():       {"user", "model", "system"},
	reflect.TypeFor[conversation.Kind]():       {"text", "thought", "media", "call", "result", "upstream"},
	reflect.TypeFor[conversation.ToolKind]():   {"function", "web search", "web fetch", "code execution", "unavailable", "own tool", "image making"},
	reflect.TypeFor[conversation.ChoiceMode](): {"unset", "auto", "none", "any", "named", "allow"},
	reflect.TypeFor[conversation.Intent]():     {"unset", "off", "auto", "level", "budget"},
	reflect.TypeFor[conversation.ErrorKind]():  {conversation.ErrInvalid: "invalid", conversation.ErrUnsupported: "unsupported"},
}

// Dump returns a request, or the error, as JSON, without unset fields, places
// and field names, which have tests of their own. Texts and raw values must be
// JSON.
func Dump(t testing.TB, req *conversation.Request, err error) []byte {
	t.Helper()
	var v any
	if err == nil {
		v = dumpValue(reflect.ValueOf(req))
	} else {
		var known *conversation.Error
		if !errors.As(err, &known) {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		v = map[string]any{"error": dumpValue(reflect.ValueOf(known))}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	return out
}

func dumpValue(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case conversation.Text:
		return json.RawMessage(x)
	case conversation.Raw:
		return json.RawMessage(x)
	}
	if names, ok := dumpNames[v.Type()]; ok {
		return names[v.Uint()]
	}
	switch v.Kind() {
	case reflect.Pointer:
		return dumpValue(v.Elem())
	case reflect.Interface: // Request.Own, which only its dialect can read
		return fmt.Sprintf("%+v", v.Interface())
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, dumpValue(v.Index(i)))
		}
		return list
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch v.Type().Field(i).Type {
			case reflect.TypeFor[conversation.Place](), reflect.TypeFor[*conversation.FieldNames]():
				continue
			}
			if f := v.Field(i); !f.IsZero() || name == "Role" || name == "Kind" {
				fields[name] = dumpValue(f)
			}
		}
		return fields
	case reflect.String, reflect.Bool, reflect.Int, reflect.Float64:
		return v.Interface()
	}
	panic(fmt.Sprintf("dump: no words for %s", v.Type()))
}
