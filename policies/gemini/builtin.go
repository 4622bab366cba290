package gemini

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxExcluded is how many domains Vertex AI's search can leave out.
const maxExcluded = 2000

const searchTool = "googleSearch"

// builtins are the names of the tools that run upstream.
var builtins = map[conversation.ToolKind]string{
	conversation.WebSearch:     searchTool,
	conversation.WebFetch:      "urlContext",
	conversation.CodeExecution: "codeExecution",
}

// builtin is a tool that runs upstream.
type builtin struct {
	name     string // of the member of a tool
	settings conversation.Raw
}

// field is the member of the upstream's tool; "" for a function.
func field(tool *conversation.Tool) string { return cmp.Or(builtins[tool.Kind], tool.Field) }

// mayOffer checks whether the client may offer a tool that runs upstream.
func (r *renderer) mayOffer(tool *conversation.Tool) error {
	name := field(tool)
	if name == "" {
		return nil
	}
	_, err := r.opts.Keeps(conversation.ResourceTool, r.where(&tool.At), SnakeCase(name))
	return err
}

// builtin adds a tool that runs upstream.
func (r *renderer) builtin(t *toolset, tool *conversation.Tool) {
	name := field(tool)
	settings := r.settingsOf(tool, name)
	if t.around == nil {
		t.around = tool.Around
	}
	at := slices.IndexFunc(t.builtins, func(b builtin) bool { return b.name == name })
	switch {
	case at < 0:
		t.builtins = append(t.builtins, builtin{name, settings})
	case t.builtins[at].settings == nil:
		t.builtins[at].settings = settings
	case settings != nil && !bytes.Equal(settings, t.builtins[at].settings):
		r.req.Warn(r.where(&tool.At), "a second "+name+" with other settings was left out")
	}
}

// settingsOf returns a tool's settings, without those that only the other API
// takes; nil for none.
func (r *renderer) settingsOf(tool *conversation.Tool, name string) conversation.Raw {
	if tool.Settings == nil {
		return nil
	}
	out := &bodyWriter{}
	out.open('{')
	var w walker
	w.open(tool.Settings)
	_ = w.object(func(key []byte) error { // a setting is valid JSON
		var v jsontext.Value
		err := w.value(&v)
		if home := SettingHome(name + "." + string(key)); home.MissingAt(r.target.Kind) {
			r.req.Warn(r.where(&tool.At)+"."+tool.Name+"."+string(key), "left out: only "+home.Name()+" takes it")
		} else if v != nil {
			out.key(string(key))
			out.raw(v)
		}
		return err
	})
	if len(out.buf) == 1 {
		return nil
	}
	out.close('}')
	return out.buf
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

// exclude sets the domains that a search must leave out.
func (r *renderer) exclude(t *toolset, tool *conversation.Tool) error {
	field := r.where(&tool.At) + ".blocked_domains"
	if tool.Kind == conversation.OwnTool {
		field = r.where(&tool.At) + "." + tool.Name + ".excludeDomains"
	}
	switch {
	case len(tool.Blocked) == 0:
		return nil
	case r.target.Kind != Vertex || tool.Kind != conversation.WebSearch && tool.Field != searchTool:
		r.req.Warn(field, "left out: only the search of Vertex AI takes them")
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
			return invalid(field, fmt.Sprintf("at most %d domains are allowed in all", maxExcluded))
		}
		t.blocked[domain] = true
		t.excluded = append(t.excluded, domain)
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
