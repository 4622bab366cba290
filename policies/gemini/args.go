package gemini

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

var noArgs = conversation.Raw(`{}`)

// ObjectResponse returns the output of a tool as the object that the API
// requires (N9). A "$ref" in it, which upstream takes for a reference to a part
// and refuses, goes as text; with attached parts it may be one.
func ObjectResponse(raw conversation.Raw, parts bool) conversation.Raw {
	raw = bytes.TrimSpace(raw)
	var output []byte
	switch {
	case !parts && bytes.Contains(raw, []byte(`"$ref"`)):
		output = conversation.Quote(string(raw))
	case len(raw) == 0 || string(raw) == "null":
		output = emptyText
	case raw[0] == '{':
		return raw
	default:
		output = raw
	}
	return slices.Concat([]byte(`{"output":`), output, []byte(`}`))
}

// ObjectArgs returns a call's arguments as the object that they must be (N10),
// and whether they were one. An object is passed on as it is, numbers to the
// last digit; some clients send it as a string.
func ObjectArgs(raw conversation.Raw) (args conversation.Raw, whole bool) {
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
