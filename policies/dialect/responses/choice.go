package responses

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// choice reads tool_choice.
func (d *decoder) choice(v jsontext.Value) error {
	return d.toolChoice.Read(d.Walker, v, chosen)
}

// chosen returns the upstream's name of the function that m names, "" for a
// tool that the upstream runs.
func chosen(w *jsonwalk.Walker, m jsonwalk.Members) (string, error) {
	kind := string(jsonwalk.Chars(m.Get("type")))
	if typedToolOf(kind) != nil {
		return kind, nil
	}
	switch kind {
	case "function", "custom", "tool", "":
	default:
		return "", nil
	}
	name, err := tool.Named(w, m)
	if err != nil {
		return "", err
	}
	namespace, err := m.Text("namespace")
	return flatten(namespace.String(), name), err
}

// checkHosted settles a choice of a tool that the upstream runs. The upstream
// cannot be forced to run one, but it will if there is no other tool.
func (d *decoder) checkHosted() error {
	kind, ok := tool.HostedKind(d.toolChoice.Chosen)
	if !ok {
		return d.Unsupported("tool_choice", "the upstream has no such tool to choose")
	}
	tools := slices.DeleteFunc(slices.Clone(d.Req.Tools), func(t conversation.Tool) bool { return t.Kind == conversation.Unavailable })
	if len(tools) != 1 || tools[0].Kind != kind {
		return d.Unsupported("tool_choice", "a tool that the upstream runs can be chosen only if it is the only tool")
	}
	d.Warn("tool_choice", "the upstream decides whether it runs its own tools")
	return nil
}
