package tool

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// hostedTypes are the names that other services have for tools which they run
// themselves, and which the upstream has too. Dates they end with are versions.
var hostedTypes = &jsonwalk.Table{Name: "types of tools that the upstream runs", Fields: []jsonwalk.Field{
	{"web_search*", jsonwalk.Map, "the upstream's search"},
	{"openrouter:web_search", jsonwalk.Map, "the upstream's search"},
	{"web_fetch*", jsonwalk.Map, thePages},
	{"code_execution*", jsonwalk.Map, theCode},
	{"code_interpreter", jsonwalk.Map, theCode},
}}

var hostedKinds = map[string]conversation.ToolKind{
	"web_search*": conversation.WebSearch, "openrouter:web_search": conversation.WebSearch,
	"web_fetch*": conversation.WebFetch, "code_execution*": conversation.CodeExecution, "code_interpreter": conversation.CodeExecution,
}

var hostedFields = &jsonwalk.Table{Name: "tool that the upstream runs", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "the name that tool_choice uses; else the type"},
	{"blocked_domains", jsonwalk.Map, "left out of the search, where the backend can; at most 2000"},
	{"allowed_domains", jsonwalk.Warn, "the search is not limited to them"},
	{"filters", jsonwalk.Warn, "the search is not limited to them"},
	{"max_uses", jsonwalk.Warn, "searches are not counted"},
	{"max_content_tokens", jsonwalk.Warn, "the upstream decides how much it reads"},
	{"user_location", jsonwalk.Warn, "the search does not know it"},
	{"parameters", jsonwalk.Warn, "the search takes no parameters"},
	{"search_context_size", jsonwalk.Drop, "the upstream decides how much it reads"},
	{"citations", jsonwalk.Drop, "answers cite pages wherever the upstream tells them"},
	{"container", jsonwalk.Drop, "the upstream runs code in a place of its own"},
	{"defer_loading", jsonwalk.Drop, "the tool is sent at once"},
	{"allowed_callers", jsonwalk.Drop, noCaller},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// HostedKind returns the kind of a tool that the upstream runs, by its type.
func HostedKind(kind string) (k conversation.ToolKind, ok bool) {
	if IsGoogleTool([]byte(kind)) {
		return conversation.OwnTool, true
	}
	if f := hostedTypes.Find([]byte(kind)); f != nil {
		return hostedKinds[f.Name], true
	}
	return 0, false
}

// Hosted reads a tool that the upstream runs, by the name of any API, into
// list. known is false for any other tool. An API's own reader comes first.
func Hosted(w *jsonwalk.Walker, m jsonwalk.Members, list *[]conversation.Tool) (known bool, err error) {
	kind := jsonwalk.Chars(m.Get("type"))
	f := hostedTypes.Find(kind)
	if f == nil {
		return false, nil
	}
	if err := m.Apply(hostedFields); err != nil {
		return true, err
	}
	t := conversation.Tool{Kind: hostedKinds[f.Name], Name: string(kind), At: w.Place("")}
	if m.Get("name") != nil {
		name, err := m.Text("name")
		if err != nil {
			return true, err
		}
		t.Name = name.String()
	}
	if v := m.Get("blocked_domains"); v != nil {
		err = w.Within("blocked_domains", func() (err error) {
			t.Blocked, err = setting.Strings(w, v, setting.MaxDomains, "domains")
			return err
		})
	}
	*list = append(*list, t)
	return true, err
}
