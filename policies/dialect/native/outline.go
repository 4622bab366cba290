package native

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// errOutline reports a body with an unknown field, which may change the answer.
var errOutline = errors.New("not known")

// Outline returns the part of a body that decides whether its answer can be
// resumed, and its token limit, without the messages. It is nil for a body with
// an unknown field, which may change the answer.
func (d *Dialect) Outline(req *conversation.Request, body []byte) *conversation.Request {
	o := outline{req: conversation.Request{Model: req.Model, Stream: req.Stream}}
	o.reset(jsonwalk.Sanitize(body))
	if err := o.object(o.field); err != nil || !o.contents {
		return nil
	}
	return &o.req
}

// outline reads a body.
type outline struct {
	scan
	req      conversation.Request
	contents bool // there is a list of them
}

// folded is a name however it is spelled: generationConfig or generation_config.
func folded(name []byte) string { return strings.ToLower(strings.ReplaceAll(string(name), "_", "")) }

func (o *outline) field(name []byte) error {
	switch folded(name) {
	case "contents":
		if o.contents || o.kind() != '[' {
			return errOutline
		}
		o.contents = true
		return o.skip()
	case "systeminstruction", "safetysettings", "servicetier", "labels", "store", "model":
		return o.skip()
	case "tools":
		return o.array(func() error {
			return o.object(func(name []byte) error {
				if folded(name) != "functiondeclarations" {
					return errOutline
				}
				return o.skip()
			})
		})
	case "toolconfig":
		return o.object(o.toolConfig)
	case "generationconfig":
		return o.object(o.generation)
	}
	return errOutline
}

func (o *outline) toolConfig(name []byte) error {
	if folded(name) != "functioncallingconfig" {
		return errOutline
	}
	return o.object(func(name []byte) error {
		v, err := o.value()
		if err == nil && (string(name) != "mode" || string(v) != `"AUTO"` && string(v) != `"NONE"`) {
			return errOutline
		}
		return err
	})
}

func (o *outline) generation(name []byte) error {
	v, err := o.value()
	if err != nil {
		return err
	}
	known := true
	switch folded(name) {
	case "temperature", "topp", "topk", "seed", "stopsequences", "presencepenalty", "frequencypenalty", "thinkingconfig":
	case "maxoutputtokens":
		n, err := strconv.Atoi(string(v))
		o.req.Limits.MaxTokens, known = &n, err == nil
	case "candidatecount":
		known = string(v) == "1"
	case "responsemimetype":
		known = string(v) == `"text/plain"`
	case "responsemodalities":
		known = onlyText(v)
	default:
		known = false
	}
	if !known && v.Kind() != 'n' {
		return errOutline
	}
	return nil
}

// onlyText reports whether a list of modalities is of text alone.
func onlyText(v jsontext.Value) bool {
	var s scan
	s.reset(v)
	only := v.Kind() == '['
	_ = s.array(func() error {
		v, err := s.value()
		only = only && strings.EqualFold(string(jsonwalk.Chars(v)), "text")
		return err
	})
	return only
}

// Extend returns a body that has an Outline with messages of text appended to
// its contents, and with a token limit in the place of its own; nil leaves that.
func (d *Dialect) Extend(body []byte, messages []conversation.Message, maxTokens *int) ([]byte, error) {
	var w rewriter
	w.reset(jsonwalk.Sanitize(body))
	err := w.members(func(_ int, name []byte) (outcome, error) {
		switch folded(name) {
		case "contents":
			return keep, w.elements(func(int) (outcome, error) { return keep, w.skip() }, func(it items) {
				at, full := it.end()
				for _, m := range messages {
					with := contentOf(m)
					if full {
						with = "," + with
					}
					w.replace(at, at, with)
					full = true
				}
			})
		case "generationconfig":
			return keep, w.members(func(_ int, name []byte) (outcome, error) {
				v, err := w.value()
				if err == nil && folded(name) == "maxoutputtokens" && maxTokens != nil {
					w.replace(w.at()-len(v), w.at(), strconv.Itoa(*maxTokens))
				}
				return keep, err
			}, nil)
		}
		return keep, w.skip()
	}, nil)
	if err != nil {
		return nil, jsonwalk.Syntax(err)
	}
	return w.result(), nil
}

// contentOf is a message of text as a content.
func contentOf(m conversation.Message) string {
	role := "user"
	if m.Role == conversation.Model {
		role = "model"
	}
	var parts []string
	for i := range m.Parts {
		parts = append(parts, `{"text":`+string(m.Parts[i].Text)+`}`)
	}
	return `{"role":"` + role + `","parts":[` + strings.Join(parts, ",") + `]}`
}
