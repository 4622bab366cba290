package gemini

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxFunctions is how many functions the API lets a request declare.
const maxFunctions = 512

// maxExcluded is how many domains Vertex AI's search can leave out.
const maxExcluded = 2000

const searchTool = "googleSearch"

// builtins are the names of the tools that run upstream.
var builtins = map[conversation.ToolKind]string{
	conversation.WebSearch:     searchTool,
	conversation.WebFetch:      "urlContext",
	conversation.CodeExecution: "codeExecution",
}

// toolset is the resolved tools and toolConfig.
type toolset struct {
	functions []declaration
	builtins  []string        // names of members of a tool
	excluded  []string        // domains that a search leaves out
	blocked   map[string]bool // the same
	mode      string          // "" leaves functionCallingConfig out
	allowed   []string        // rendered names
	left      []leftTool      // tools that were offered and cannot be called
	// serverSide asks AI Studio to tell of built-in calls, without which it
	// refuses built-in tools beside functions.
	serverSide bool
}

func (t *toolset) empty() bool { return len(t.functions) == 0 && len(t.builtins) == 0 }

type declaration struct {
	name        string
	description conversation.Text
	schema      conversation.Raw
	field       string // that takes the schema
}

// says reports whether a further declaration says the same, as those do that
// come again with each search for tools.
func (d *declaration) says(description conversation.Text, schema conversation.Raw) bool {
	return bytes.Equal(d.schema, schema) && d.description.String() == description.String()
}

// toolset settles declarations, built-in tools and how free the model is to
// call them.
func (r *renderer) toolset() (toolset, error) {
	var t toolset
	strict, err := r.declare(&t)
	if err != nil {
		return t, err
	}
	if r.req.Choice.Mode == conversation.ChoiceNone {
		t.builtins = nil // there is no other way to forbid them
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
	alone := !r.can.MixedTools && slices.ContainsFunc(r.req.Tools, isFunction)
	for i := range r.req.Tools {
		if err := r.opts.Wanted(); err != nil {
			return false, err
		}
		tool := &r.req.Tools[i]
		if why := r.unavailable(tool, alone); why != "" {
			r.leaveOut(t, tool, why)
			continue
		}
		if tool.Kind != conversation.Function {
			if err := r.builtin(t, tool); err != nil {
				return false, err
			}
			if err := r.exclude(t, tool); err != nil {
				return false, err
			}
			continue
		}
		if tool.Name == "" {
			return false, invalid(r.where(&tool.At), "a tool needs a name")
		}
		schema, opened, err := r.opts.Compiler.compile(tool.Schema, r.schemaOptions(true), r.schemas)
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
		for _, name := range opened {
			r.warn(&tool.At, LoopWarning(name))
		}
		declared[tool.Name] = len(t.functions)
		strict = strict || tool.Strict
		t.functions = append(t.functions, declaration{
			name: r.names.Rendered(tool.Name), description: tool.Description,
			schema: schema, field: r.schemaField("parametersJsonSchema", "parameters"),
		})
	}
	return strict, nil
}

// builtin adds a tool that runs upstream.
func (r *renderer) builtin(t *toolset, tool *conversation.Tool) error {
	name := builtins[tool.Kind]
	if name == "" || slices.Contains(t.builtins, name) {
		return nil
	}
	t.builtins = append(t.builtins, name)
	_, err := r.opts.Keeps(conversation.ResourceTool, r.where(&tool.At), SnakeCase(name))
	return err
}

// SnakeCase returns the form of a field's name that proto JSON takes as well:
// google_search for googleSearch.
func SnakeCase(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// exclude notes the domains that a search must leave out.
func (r *renderer) exclude(t *toolset, tool *conversation.Tool) error {
	switch {
	case len(tool.Blocked) == 0:
		return nil
	case r.target.Kind != Vertex || tool.Kind != conversation.WebSearch:
		r.req.Warn(r.where(&tool.At)+".blocked_domains", "left out: only the search of Vertex AI takes them")
		return nil
	}
	if t.blocked == nil {
		t.blocked = map[string]bool{}
	}
	for _, domain := range tool.Blocked {
		if t.blocked[domain] {
			continue
		}
		if len(t.excluded) == maxExcluded {
			return invalid(r.where(&tool.At)+".blocked_domains", fmt.Sprintf("at most %d domains are allowed in all", maxExcluded))
		}
		t.blocked[domain] = true
		t.excluded = append(t.excluded, domain)
	}
	return nil
}

// choose settles the mode. validated asks that calls obey their schemas where
// the client leaves the model free. Without functions there is no mode: the
// API refuses one.
//
//	unset, auto    AUTO, or VALIDATED
//	none           NONE
//	any            ANY
//	named          ANY and the names
//	allow          VALIDATED and the names, which AUTO does not take
func (r *renderer) choose(t *toolset, validated bool) error {
	if len(t.functions) == 0 {
		return nil
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

// allow fills in the names that the choice is restricted to. free is the mode
// if none of them is a function's.
func (r *renderer) allow(t *toolset, mode, free string) error {
	t.mode = mode
	functions := make(map[string]bool, len(t.functions))
	for _, f := range t.functions {
		functions[f.name] = true
	}
	own, allowed := r.builtinNames(), map[string]bool{}
	for _, name := range r.req.Choice.Names {
		rendered := r.names.Rendered(name)
		switch {
		case allowed[rendered]: // named before
		case functions[rendered]:
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
		r.note("tool_choice", "the upstream's own tools cannot be forced")
	}
	return nil
}

// builtinNames are the client's names of the tools that run upstream.
func (r *renderer) builtinNames() map[string]bool {
	names := map[string]bool{}
	for i := range r.req.Tools {
		if t := &r.req.Tools[i]; t.Kind != conversation.Function {
			names[t.Name] = true
		}
	}
	return names
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
	for _, name := range t.builtins {
		w.open('{')
		w.key(name)
		w.open('{')
		if name == searchTool && len(t.excluded) > 0 {
			w.strings("excludeDomains", t.excluded)
		}
		w.close('}')
		w.close('}')
	}
	w.close(']')
}

// toolConfig appends how the model may call, if anything is to be said.
func (w *bodyWriter) toolConfig(t toolset) {
	if t.mode == "" && !t.serverSide {
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
	if t.serverSide {
		w.key("includeServerSideToolInvocations")
		w.raw([]byte("true"))
	}
	w.close('}')
}
