package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// flatten returns the upstream's name of a tool in a namespace; the upstream
// has no namespaces. A tool that the original service's search found is in a
// namespace of its own name.
func flatten(namespace, name string) string {
	if namespace == "" || namespace == name {
		return name
	}
	return strings.TrimSuffix(namespace, "__") + "__" + name
}

// addCall adds a call of the tool that m names.
func (d *decoder) addCall(m jsonwalk.Members, args conversation.Raw) error {
	id, err := m.NeedText("call_id")
	if err != nil {
		return err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	namespace, err := m.Text("namespace")
	p := conversation.Part{Kind: conversation.KindCall}
	p.Call = &conversation.Call{ID: id.String(), Name: flatten(namespace.String(), name.String()), Args: args}
	d.add(answer, conversation.Model, p)
	return err
}

func (d *decoder) functionCall(m jsonwalk.Members) error {
	return d.addCall(m, openai.Arguments(m.Get("arguments")))
}

func (d *decoder) customCall(m jsonwalk.Members) error {
	input, err := m.Text("input")
	if err != nil {
		return err
	}
	return d.addCall(m, openai.FreeformArgs(input))
}

// output reads the output of a function or freeform tool.
func (d *decoder) output(m jsonwalk.Members) error {
	id, err := m.NeedText("call_id")
	if err != nil {
		return err
	}
	name, err := m.Text("name")
	if err != nil {
		return err
	}
	namespace, err := m.Text("namespace")
	if err != nil {
		return err
	}
	result := conversation.Result{CallID: id.String()}
	if !name.Empty() {
		result.Name = flatten(namespace.String(), name.String())
	}
	if err := d.outputParts(m.Get("output"), &result.Parts); err != nil {
		return err
	}
	d.addResult(result)
	return nil
}

// outputParts reads the output of a tool: text or content parts, or JSON that
// should have been text.
func (d *decoder) outputParts(v jsontext.Value, parts *[]conversation.Part) error {
	err := claude.ResultContent(d.Walker, bare, "output", v, parts)
	*parts = openai.DropEmptyTexts(openai.Flatten(*parts), false)
	return err
}

func (d *decoder) addResult(r conversation.Result) {
	d.add(results, conversation.User, conversation.Part{Kind: conversation.KindResult, Result: &r})
}
