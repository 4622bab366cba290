package gemini

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

var noArgs = conversation.Raw(`{}`)

// objectArgs returns a call's arguments as the object that they must be (N10),
// and whether they were one. An object is passed on as it is, numbers to the
// last digit; some clients send it as a string.
func objectArgs(raw conversation.Raw) (args conversation.Raw, whole bool) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return noArgs, true
	case raw[0] == '{':
		return raw, true
	case raw[0] == '"':
		inner := strings.TrimSpace(conversation.Text(raw).String())
		if inner == "" {
			return noArgs, true
		}
		v := jsontext.Value(inner)
		if v.Kind() == jsontext.KindBeginObject && v.IsValid(jsontext.AllowDuplicateNames(true)) {
			return conversation.Raw(v), true
		}
	}
	out := append([]byte(`{"value":`), raw...)
	return append(out, '}'), false
}
