package tool

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

const (
	maps        = "googleMaps"
	search      = "googleSearch"
	searchFirst = "googleSearchRetrieval" // what it was called for models before 2.0
)

// IsGoogleTool reports whether a type names one of Google's own tools.
func IsGoogleTool(kind []byte) bool { return googleNames.Find(kind) != nil }

// Google reads a tool in Google's words into list: a member for each of its own
// tools, a type that names one, and a list of functions, for each of which it
// calls read. known is false for any other tool.
func Google(w *jsonwalk.Walker, m jsonwalk.Members, list *[]conversation.Tool, read func(m jsonwalk.Members) error) (known bool, err error) {
	kind := jsonwalk.Chars(m.Get("type"))
	typed := IsGoogleTool(kind)
	if !typed && !inGoogleWords(m, string(kind)) {
		return false, nil
	}
	if err := m.Apply(googleFields); err != nil {
		return true, err
	}
	found := false
	for _, f := range googleFields.Fields {
		v := m.Get(f.Name)
		if f.Action != jsonwalk.Map || v == nil {
			continue
		}
		found = true
		switch camel(f.Name) {
		case "mcpServers":
			*list = append(*list, setting.Unavailable(w, []byte("mcpServers"), nil, noServers))
		case "functionDeclarations":
			err = w.Within(f.Name, func() error {
				return w.List(v, func(_ int, v jsontext.Value) error { return w.Object(v, read) })
			})
		default:
			err = googleTool(w, f.Name, f.Name, v, list)
		}
		if err != nil {
			return true, err
		}
	}
	if !found {
		err = googleTool(w, string(kind), "", nil, list)
	}
	return true, err
}

// inGoogleWords reports whether a tool has a member of Google's, and no field
// of another API's tool.
func inGoogleWords(m jsonwalk.Members, kind string) bool {
	if m.Get("functionDeclarations") != nil || m.Get("function_declarations") != nil {
		return true
	}
	if kind != "" && kind != "function" && kind != "custom" {
		return false
	}
	has := func(name string) bool { return m.Get(name) != nil }
	if has("function") || has("custom") || slices.ContainsFunc(schemaNames, has) {
		return false
	}
	for _, f := range googleFields.Fields {
		if f.Action != jsonwalk.Drop && m.Get(f.Name) != nil {
			return true
		}
	}
	return false
}

// googleFunction makes a function that a gateway's users write for one of
// Google's tools into that tool: it has the name, and no description and
// parameters, or settings where a function has a schema.
func googleFunction(w *jsonwalk.Walker, m jsonwalk.Members, t *conversation.Tool) error {
	settings := jsontext.Value(t.Schema)
	if settings != nil && jsonwalk.AsksForNothing(settings) {
		settings = nil
	}
	switch {
	case !IsGoogleTool([]byte(t.Name)),
		settings == nil && !t.Description.Empty(),
		settings != nil && setting.IsSchema(settings):
		return nil
	}
	at := schemaNames[slices.IndexFunc(schemaNames, func(name string) bool { return settings == nil || m.Get(name) != nil })]
	var own []conversation.Tool
	err := googleTool(w, t.Name, at, settings, &own)
	if err == nil {
		*t = own[0]
	}
	return err
}

// googleTool adds the tool of a name in either spelling, with its settings, which
// stand in field at; nil for none.
func googleTool(w *jsonwalk.Walker, name, at string, settings jsontext.Value, list *[]conversation.Tool) (err error) {
	if len(*list) == conversation.MaxTools {
		return w.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
	}
	t := conversation.Tool{Kind: conversation.OwnTool, Name: name, Field: googleField(name), At: w.Place("")}
	old := camel(name) == searchFirst
	switch {
	case settings == nil:
	case settings.Kind() != '{':
		return w.Invalid(at, "Input should be an object")
	case jsonwalk.AsksForNothing(settings):
	case old:
		w.Warn(at, "its settings were left out: "+search+" took its place and has none of them")
	default:
		err = w.Within(at, func() error { return split(w, &t, settings) })
	}
	*list = append(*list, t)
	return err
}

// split gives settings the upstream's names and separates two that are
// elsewhere upstream: the domains that a search leaves out, and the location of
// a search for places, which LiteLLM's users write among its settings.
func split(w *jsonwalk.Walker, t *conversation.Tool, v jsontext.Value) error {
	var others, around, point []byte
	for name, v := range jsonwalk.Fields(v) {
		var err error
		switch field := camel(string(name)); {
		case v.Kind() == 'n':
		case t.Field == search && field == "excludeDomains":
			err = w.Within(string(name), func() error {
				t.Blocked, err = setting.Strings(w, v, setting.MaxDomains, "domains")
				return err
			})
		case t.Field == maps && (field == "latitude" || field == "longitude"):
			_, err = w.Number(string(name), v)
			point = appendMember(point, field, v)
		case t.Field == maps && field == "languageCode":
			_, err = w.Text(string(name), v)
			around = appendMember(around, field, v)
		default:
			others = appendMember(others, field, v)
		}
		if err != nil {
			return err
		}
	}
	if point != nil {
		around = appendMember(around, "latLng", object(point))
	}
	t.Settings, t.Around = object(others), object(around)
	return nil
}

func appendMember(dst []byte, name string, v []byte) []byte {
	dst = append(jsonwalk.AppendString(jsonwalk.Separate(dst), name), ':')
	return append(dst, v...)
}

// object puts members between braces; nil for none.
func object(members []byte) conversation.Raw {
	if members == nil {
		return nil
	}
	return append(append(conversation.Raw{'{'}, members...), '}')
}

// googleField returns the member of Google's tool, by any of its names.
func googleField(name string) string {
	if name = camel(name); name == searchFirst {
		return search
	}
	return name
}

// camel returns a name in camelCase.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}
