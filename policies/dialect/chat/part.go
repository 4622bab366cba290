package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// readParts reads a list of content parts from r.
func (d *decoder) readParts(r *jsonwalk.Reader, parts *[]conversation.Part) error {
	return r.Array(func(i int) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		return d.At(i, func() error { return d.part(v, parts) })
	})
}

// part reads one content part. Some clients put bare strings into the list.
func (d *decoder) part(v jsontext.Value, parts *[]conversation.Part) error {
	before := len(*parts)
	defer func() { d.Mark("", (*parts)[before:]) }()
	switch v.Kind() {
	case '"':
		*parts = openai.AppendContent(*parts, conversation.Text(v))
		return nil
	case 'n':
		return nil
	}
	return d.Object(v, func(m jsonwalk.Members) error {
		return claude.Part(d.Walker, "content part", splitCallID, m, parts)
	})
}

// splitIDs takes the carriers off the ids of calls and results that were read
// as items of Responses: the client got them from this API.
func splitIDs(parts []conversation.Part) {
	for i := range parts {
		switch p := &parts[i]; {
		case p.Call != nil && p.Carrier == "":
			p.Call.ID, p.Carrier = splitCallID(p.Call.ID)
		case p.Result != nil:
			p.Result.CallID, _ = splitCallID(p.Result.CallID)
		}
	}
}
