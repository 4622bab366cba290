package gemini

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxFunctions is how many functions the API lets a request declare.
const maxFunctions = 512

// toolset is the resolved tools and toolConfig.
type toolset struct {
	functions []declaration
	builtins  []builtin
	excluded  []string        // domains that a search leaves out
	blocked   map[string]bool // the same
	mode      string          // "" leaves functionCallingConfig out
	allowed   []string        // rendered names
	images    bool            // images may be made; no tool says so upstream
	// left says why offered tools cannot be called, by name; firstLeft why the
	// first one cannot.
	left      map[string]string
	firstLeft string
	declared  map[string]bool // rendered names of functions
	// serverSide asks AI Studio to report built-in calls, without which it refuses
	// built-in tools beside functions.
	serverSide bool
	around     conversation.Raw // retrievalConfig; nil for none
}

func (t *toolset) empty() bool { return len(t.functions) == 0 && len(t.builtins) == 0 }

type declaration struct {
	name        string
	description conversation.Text
	schema      conversation.Raw
	field       string // that takes the schema
}

// says reports whether a further declaration is the same, as those that come
// again with each search for tools.
func (d *declaration) says(description conversation.Text, schema conversation.Raw) bool {
	return bytes.Equal(d.schema, schema) && d.description.String() == description.String()
}

// toolset resolves declarations, built-in tools and the tool choice.
func (r *renderer) toolset() (toolset, error) {
	var t toolset
	strict, err := r.declare(&t)
	if err != nil {
		return t, err
	}
	if r.req.Choice.Mode == conversation.ChoiceNone {
		t.builtins, t.around = nil, nil // there is no other way to forbid them
	}
	if err := r.callable(&t); err != nil {
		return t, err
	}
	mixed := len(t.builtins) > 0 && len(t.functions) > 0
	t.serverSide = mixed && r.target.Kind == AIStudio
	return t, r.choose(&t, strict || mixed)
}

// declare fills in the tools and reports whether one is strict.
func (r *renderer) declare(t *toolset) (strict bool, err error) {
	declared := make(map[string]int, len(r.req.Tools)) // index in t.functions
	t.declared = make(map[string]bool, len(r.req.Tools))
	alone := !r.can.MixedTools && slices.ContainsFunc(r.req.Tools, isFunction)
	for i := range r.req.Tools {
		if err := r.opts.CheckClient(); err != nil {
			return false, err
		}
		tool := &r.req.Tools[i]
		if err := r.mayOffer(tool); err != nil {
			return false, err
		}
		if why := r.unavailable(tool, alone); why != "" {
			r.leaveOut(t, tool, why)
			continue
		}
		if tool.Kind == conversation.ImageMaking {
			t.images = true
			continue
		}
		if tool.Kind != conversation.Function {
			r.builtin(t, tool)
			if err := r.exclude(t, tool); err != nil {
				return false, err
			}
			continue
		}
		if tool.Name == "" {
			return false, invalid(r.where(&tool.At), "a tool needs a name")
		}
		schema, told, err := r.opts.Compiler.compile(tool.Schema, r.schemaOptions(true), r.schemas)
		if first, again := declared[tool.Name]; again {
			if err != nil || !t.functions[first].says(tool.Description, schema) {
				r.req.Warn(r.where(&tool.At), "a second tool of the same name was left out")
			}
			continue
		}
		if err != nil {
			return false, invalid(r.where(&tool.At), fmt.Sprintf("tool %q: %v", tool.Name, err))
		}
		if len(declared) == maxFunctions {
			return false, r.invalid("tools", fmt.Sprintf("more than %d functions are declared", maxFunctions))
		}
		for _, why := range told {
			r.warn(&tool.At, why)
		}
		declared[tool.Name] = len(t.functions)
		strict = strict || tool.Strict
		rendered := r.names.Rendered(tool.Name)
		t.declared[rendered] = true
		t.functions = append(t.functions, declaration{
			name: rendered, description: tool.Description,
			schema: schema, field: r.schemaField("parametersJsonSchema", "parameters"),
		})
	}
	return strict, nil
}

// choose resolves the mode. validated asks for calls that match their schemas
// even if the client leaves the model free. Without functions there is no mode:
// the API refuses one.
//
//	unset, auto    AUTO, or VALIDATED
//	none           NONE
//	any            ANY
//	named          ANY and the names
//	allow          VALIDATED and the names, which AUTO does not take
func (r *renderer) choose(t *toolset, validated bool) error {
	if len(t.functions) == 0 {
		return r.chooseOwn(t)
	}
	free := "AUTO"
	if validated {
		free = "VALIDATED"
	}
	switch r.req.Choice.Mode {
	case conversation.ChoiceUnset:
		if validated {
			t.mode = free
		}
	case conversation.ChoiceAuto:
		t.mode = free
	case conversation.ChoiceNone:
		t.mode = "NONE"
	case conversation.ChoiceAny:
		t.mode = "ANY"
	case conversation.ChoiceNamed:
		return r.allow(t, "ANY", free)
	case conversation.ChoiceAllow:
		return r.allow(t, "VALIDATED", free)
	}
	return nil
}

// chooseOwn resolves a choice among the upstream's own tools, which the API
// cannot express.
func (r *renderer) chooseOwn(t *toolset) error {
	forced, own := len(t.builtins) > 0, r.builtinNames()
	switch r.req.Choice.Mode {
	case conversation.ChoiceAny:
		forced = forced && !t.images
	case conversation.ChoiceNamed:
		named := false
		for _, name := range r.req.Choice.Names {
			if !own[name] {
				return r.invalid("tool_choice", fmt.Sprintf("tool %q is not among the tools", name))
			}
			named = named || !slices.ContainsFunc(r.req.Tools, func(t conversation.Tool) bool {
				return t.Name == name && t.Kind == conversation.ImageMaking
			})
		}
		forced = forced && named
	default:
		return nil
	}
	if forced {
		r.note("tool_choice", cannotBeForced)
	}
	return nil
}

const cannotBeForced = "the upstream's own tools cannot be forced"

// allow fills in the names that the choice is restricted to. free is the mode
// if none of them is a function's.
func (r *renderer) allow(t *toolset, mode, free string) error {
	t.mode = mode
	own, allowed := r.builtinNames(), map[string]bool{}
	for _, name := range r.req.Choice.Names {
		rendered := r.names.Rendered(name)
		switch {
		case allowed[rendered]: // named before
		case t.declared[rendered]:
			allowed[rendered] = true
			t.allowed = append(t.allowed, rendered)
		case r.whyLeft(t, name) != "":
			r.note("tool_choice", fmt.Sprintf("tool %q cannot be called here", name))
		case !own[name]:
			return r.invalid("tool_choice", fmt.Sprintf("tool %q is not among the tools", name))
		}
	}
	switch {
	case len(t.allowed) > 0:
	case !slices.ContainsFunc(r.req.Choice.Names, func(name string) bool { return own[name] && r.whyLeft(t, name) == "" }):
		t.mode = "NONE" // no tool that may be called is left
	default:
		t.mode = free
		r.note("tool_choice", cannotBeForced)
	}
	return nil
}

// tools appends tools.
func (w *bodyWriter) tools(t toolset) {
	if t.empty() {
		return
	}
	w.key("tools")
	w.open('[')
	if len(t.functions) > 0 {
		w.open('{')
		w.key("functionDeclarations")
		w.open('[')
		for _, f := range t.functions {
			w.open('{')
			w.stringField("name", f.name)
			if !f.description.Empty() {
				w.key("description")
				w.raw(f.description)
			}
			if f.schema != nil {
				w.key(f.field)
				w.raw(f.schema)
			}
			w.close('}')
		}
		w.close(']')
		w.close('}')
	}
	for _, b := range t.builtins {
		w.open('{')
		w.key(b.name)
		w.open('{')
		if b.name == searchTool && len(t.excluded) > 0 {
			w.strings("excludeDomains", t.excluded)
		}
		w.members(b.settings)
		w.close('}')
		w.close('}')
	}
	w.close(']')
}

// toolConfig appends how the model may call, if anything is to be said.
func (w *bodyWriter) toolConfig(t toolset) {
	if t.mode == "" && !t.serverSide && t.around == nil {
		return
	}
	w.key("toolConfig")
	w.open('{')
	if t.mode != "" {
		w.key("functionCallingConfig")
		w.open('{')
		w.stringField("mode", t.mode)
		if len(t.allowed) > 0 {
			w.strings("allowedFunctionNames", t.allowed)
		}
		w.close('}')
	}
	if t.around != nil {
		w.key("retrievalConfig")
		w.raw(t.around)
	}
	if t.serverSide {
		w.key("includeServerSideToolInvocations")
		w.raw([]byte("true"))
	}
	w.close('}')
}
