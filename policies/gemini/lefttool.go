package gemini

import (
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A tool that cannot be called here is left out with a warning, since the model
// need not call it. Only a request that forces the call is refused.

func isFunction(t conversation.Tool) bool { return t.Kind == conversation.Function }

// unavailable says why a tool cannot be called; "" where it can. alone says
// that what the upstream runs cannot stand beside the request's functions. The
// functions stay, since a client cannot work without them.
func (r *renderer) unavailable(tool *conversation.Tool, alone bool) string {
	switch {
	case tool.Kind == conversation.Unavailable:
		return tool.Why
	case tool.Kind == conversation.ImageMaking && r.draws():
		return ""
	case tool.Kind == conversation.ImageMaking:
		return "model " + r.model + " makes no images; ask for one that does, such as " + ImageModel
	case ToolHome(field(tool)).MissingAt(r.target.Kind):
		return "only " + ToolHome(field(tool)).Name() + " has this tool"
	case r.can.NoFunctions:
		return "model " + r.model + " takes no tools"
	case alone && tool.Kind != conversation.Function:
		return "model " + r.model + " does not take it beside functions; leave one kind out, or use Gemini 3 or later"
	}
	return ""
}

func (r *renderer) leaveOut(t *toolset, tool *conversation.Tool, why string) {
	if len(t.left) == 0 {
		t.left, t.firstLeft = map[string]string{}, why
	}
	if t.left[tool.Name] == "" {
		t.left[tool.Name] = why
	}
	if tool.Name != "" {
		why = tool.Name + ": " + why
	}
	r.req.Warn(r.where(&tool.At), "left out: "+why)
}

// whyLeft says why there is no tool of that name; "" if there is one, or if none
// was offered.
func (r *renderer) whyLeft(t *toolset, name string) string {
	if t.declared[r.names.Rendered(name)] {
		return ""
	}
	return t.left[name]
}

// callable refuses a choice that no tool can fulfill, or only tools that were
// left out.
func (r *renderer) callable(t *toolset) error {
	c := r.req.Choice
	forced := c.Mode == conversation.ChoiceAny || c.Mode == conversation.ChoiceNamed
	switch {
	case len(t.left) == 0 && (!forced || !t.empty() || t.images):
	case forced && len(t.left) == 0:
		return r.invalid("tool_choice", "asks for a call, and the request has no tools; add the tool, or leave tool_choice out")
	case c.Mode == conversation.ChoiceAny && t.empty() && !t.images:
		return r.unsupported("tool_choice", "asks for a call, and no tool is left that can be called here ("+t.firstLeft+
			"); leave tool_choice out, or offer a function")
	case c.Mode == conversation.ChoiceNamed && !slices.ContainsFunc(c.Names, func(name string) bool { return r.whyLeft(t, name) == "" }):
		return r.unsupported("tool_choice", fmt.Sprintf("tool %q cannot be called here (%s); choose another, or leave tool_choice out",
			c.Names[0], r.whyLeft(t, c.Names[0])))
	}
	return nil
}
