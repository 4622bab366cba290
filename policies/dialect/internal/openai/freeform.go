package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// A freeform tool ("custom" in these APIs) takes text. The upstream's tools
// take objects, so it is declared with one string, and called with it.

// FreeformSchema is the schema of a freeform tool's arguments.
const FreeformSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}`

const freeformInput = "input"

// FreeformArgs makes the arguments of a call from its text.
func FreeformArgs(text conversation.Text) conversation.Raw {
	if text == nil {
		text = conversation.Text(`""`)
	}
	args := append([]byte(`{"`+freeformInput+`":`), text...)
	return append(args, '}')
}

// FreeformText returns the text in the arguments that the model gave: its
// input, or the only string if the model named it otherwise. Arguments without
// either are returned as text.
func FreeformText(args []byte) conversation.Text {
	var input, only conversation.Text
	strings := 0
	var r jsonwalk.Reader
	r.Reset(jsonwalk.Sanitize(args))
	if r.Kind() != '{' {
		return conversation.Quote(string(args))
	}
	err := r.Object(func(name []byte) error {
		v, err := r.Value()
		if err != nil || v.Kind() != jsontext.KindString {
			return err
		}
		if string(name) == freeformInput {
			input = conversation.Text(v)
		}
		only = conversation.Text(v)
		strings++
		return nil
	})
	switch {
	case err == nil && input != nil:
		return input
	case err == nil && strings == 1:
		return only
	}
	return conversation.Quote(string(args))
}

// Grammar adds what the input must look like to a freeform tool's description.
// The upstream does not enforce it, but the model can read it.
func Grammar(description, syntax, definition conversation.Text) conversation.Text {
	parts := []conversation.Text{
		conversation.Quote("The input is text that obeys this grammar ("), syntax, conversation.Quote("):\n"), definition,
	}
	if !description.Empty() {
		parts = append([]conversation.Text{description, conversation.Quote("\n\n")}, parts...)
	}
	return conversation.Join("", parts...)
}
