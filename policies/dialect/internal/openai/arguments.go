package openai

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Arguments decodes the string that holds a call's arguments. If it is not JSON
// it stays a string: some models write such arguments, and clients keep them.
// Some clients send the object itself.
func Arguments(v jsontext.Value) conversation.Raw {
	if v.Kind() != '"' {
		return conversation.Raw(v)
	}
	args := jsontext.Value(bytes.TrimSpace(jsonwalk.Sanitize(jsonwalk.Unquote(v))))
	switch {
	case len(args) == 0:
		return nil
	case !args.IsValid(jsontext.AllowDuplicateNames(true)):
		return conversation.Raw(v)
	}
	return conversation.Raw(args)
}
