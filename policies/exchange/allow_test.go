package exchange

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/gemini"
)

// nativeBody builds a request with a value at a path of allow.Fields.
func nativeBody(path string, value any) map[string]any {
	body := map[string]any{}
	if !strings.HasPrefix(path, "contents") {
		body["contents"] = []any{map[string]any{"role": "user", "parts": []any{map[string]any{"text": "hi"}}}}
	}
	names := strings.Split(path, ".")
	for i := len(names) - 1; i > 0; i-- {
		name, list := strings.CutSuffix(names[i], "[]")
		if list {
			value = []any{value}
		}
		value = map[string]any{name: value}
	}
	name, list := strings.CutSuffix(names[0], "[]")
	if list {
		value = []any{value}
	}
	body[name] = value
	return body
}

// resourceValues are what stands at a field, by its setting or path.
func resourceValue(f allow.Field) any {
	switch {
	case f.Setting == "allow.file_uris":
		return "gs://bucket/object"
	case f.Setting == "allow.cached_contents":
		return "projects/other/locations/global/cachedContents/1"
	case f.Path == "labels":
		return map[string]any{"team": "a"}
	case f.Path == "serviceTier":
		return "SERVICE_TIER_PRIORITY"
	case f.Path == "store":
		return true
	case f.Path == "safetySettings":
		return []any{map[string]any{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}}
	}
	return map[string]any{}
}

// nothing is a policy that allows nothing.
const nothing = "allow.file_uris=none,allow.tools=none,allow.cached_contents=none,allow.safety=gateway,allow.labels=false,allow.tiers=standard"

// spellings write a body in both spellings of proto JSON, with a name in escapes,
// and with a harmless member of the same name before.
func spellings(t *testing.T, path string, value any) map[string]string {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	body := nativeBody(path, value)
	last := path[strings.LastIndexByte(path, '.')+1:]
	camel := encode(body)
	names := strings.Split(path, ".")
	for i := range names {
		names[i] = gemini.SnakeCase(names[i])
	}
	return map[string]string{
		"camel":   camel,
		"snake":   encode(nativeBody(strings.Join(names, "."), value)),
		"escaped": strings.Replace(camel, `"`+last+`":`, `"\u00`+hexOf(last[0])+last[1:]+`":`, 1),
		"twice":   strings.Replace(camel, `"`+last+`":`, `"`+last+`":null,"`+last+`":`, 1),
		"first":   strings.Replace(camel, `"`+last+`":`+encode(value), `"`+last+`":`+encode(value)+`,"`+last+`":null`, 1),
	}
}

func hexOf(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// onVertex is a rig whose only backend is Vertex AI, which knows every field.
func onVertex(t *testing.T) rig {
	return newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[1:], c.Accounts[2:] })
}

// ask sends a body and returns what goes upstream or the refusal.
func (r rig) ask(path, body string, headers ...string) (*attempt, *policies.Forward, *policies.Reply) {
	a := r.begin(1, "", headers...)
	a.in.Path = path
	if reply := a.RequestHeaders(); reply != nil {
		return a, nil, reply
	}
	f, reply := a.RequestBody(context.Background(), []byte(body))
	return a, f, reply
}

// Native clients reach nothing that the policy does not allow, however they
// write it, in a request and in a count.
func TestNativeResourcesNeedThePolicy(t *testing.T) {
	for _, f := range allow.Fields {
		path := strings.Replace(f.Path, "*", "thingOfTomorrow", 1)
		for name, body := range spellings(t, path, resourceValue(f)) {
			for _, c := range []struct {
				rig  rig
				path string
				only string // AI Studio's alone
			}{
				{onVertex(t), nativeStream, ""},
				{newRig(t, nil), nativeStream, "studio"},
			} {
				switch studioOnly := strings.Contains(f.Path, "fileSearch") || strings.Contains(f.Path, "mcpServers"); {
				case studioOnly && c.only == "", c.only != "" && (f.Setting == "allow.labels" || f.Path == "modelArmorConfig" || f.Setting == "allow.file_uris"):
					continue // the other API refuses or drops it by itself
				}
				a, forward, reply := c.rig.ask(c.path, body, "x-heald-set", nothing)
				if f.Setting == "allow.tiers" {
					if reply != nil || strings.Contains(strings.ToLower(string(forward.Body)), `"service_tier_priority"`) || forward.Set.Get("x-vertex-ai-llm-shared-request-type") != "" || !strings.Contains(a.warning(), "allow.tiers") {
						t.Errorf("%s, %s: not left out: %+v %v", path, name, forward, a.warning())
					}
					continue
				}
				if f.Setting == "allow.labels" {
					if reply != nil || strings.Contains(string(forward.Body), `"team"`) || strings.Contains(string(forward.Body), `:true`) || !strings.Contains(a.warning(), "allow.labels") {
						t.Errorf("%s, %s: not left out: %+v %v", path, name, forward, a.warning())
					}
					continue
				}
				if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), f.Setting) {
					t.Errorf("%s, %s: not refused: %+v %+v", path, name, forward, reply)
				}
			}
		}
	}
	_, _, reply := newRig(t, nil).ask("/v1beta/models/gemini-3.5-flash:countTokens", `{"generate_content_request":{"cached_content":"cachedContents/1","contents":[]}}`)
	if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), "allow.cached_contents") {
		t.Errorf("count: %+v", reply)
	}
}

// What each API's clients can name meets the same rules. The default allows
// what needs no right of the gateway's project.
func TestResourcesOfEveryDialect(t *testing.T) {
	claude := func(part string) string {
		return `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[` + part + `]}]}`
	}
	chat := func(more, part string) string {
		return `{"model":"gemini-3.5-flash",` + more + `"messages":[{"role":"user","content":[` + part + `]}]}`
	}
	responses := func(part string) string {
		return `{"model":"gemini-3.5-flash","input":[{"role":"user","content":[` + part + `]}]}`
	}
	native := func(more string) string {
		return `{` + more + `"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	}
	const (
		messages, completions, output = "/v1/messages", "/v1/chat/completions", "/v1/responses"
		files                         = "https://generativelanguage.googleapis.com/v1beta/files/abc"
		text                          = `{"type":"text","text":"hi"}`
		listed                        = "allow.file_uris=public gs://docs/,allow.cached_contents=any,allow.tools=retrieval google_search,allow.safety=any,allow.labels=true"
	)
	for _, c := range []struct {
		name, path, body string
		set              string // x-heald-set
		refused          string // the setting, or whatever else the reply says; "" if it goes upstream
		studio           bool
	}{
		{"claude, image", messages, claude(`{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}`), "", "", false},
		{"claude, image in a bucket", messages, claude(`{"type":"image","source":{"type":"url","url":"gs://docs/a.png"}}`), "", "allow.file_uris", false},
		{"claude, listed bucket", messages, claude(`{"type":"image","source":{"type":"url","url":"gs://docs/a.png"}}`), listed, "", false},
		{"claude, another bucket", messages, claude(`{"type":"image","source":{"type":"url","url":"gs://docs2/a.png"}}`), listed, "allow.file_uris", false},
		{"claude, document", messages, claude(`{"type":"document","source":{"type":"url","url":"` + files + `"}}`), "", "allow.file_uris", true},
		{"claude, file", messages, claude(`{"type":"document","source":{"type":"file","file_id":"file_1"}}`), "", "file", false},
		{"claude, file in a result", messages, `{"model":"gemini-3.5-flash","max_tokens":9,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[` +
			`{"type":"image","source":{"type":"url","url":"gs://docs/a.png"}}]}]}]}`, "", "allow.file_uris", false},
		{"claude, search", messages, strings.Replace(claude(text), `"max_tokens"`, `"tools":[{"type":"web_search_20250305","name":"web_search"}],"max_tokens"`, 1), "", "", false},
		{"claude, no search", messages, strings.Replace(claude(text), `"max_tokens"`, `"tools":[{"type":"web_search_20250305","name":"web_search"}],"max_tokens"`, 1), nothing, "allow.tools", false},
		{"claude, functions", messages, strings.Replace(claude(text), `"max_tokens"`, `"tools":[{"name":"ls","input_schema":{"type":"object"}}],"max_tokens"`, 1), nothing, "", false},
		{"chat, image", completions, chat("", `{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}`), "", "", false},
		{"chat, bucket", completions, chat("", `{"type":"image_url","image_url":{"url":"gs://docs/a.png"}}`), "", "allow.file_uris", false},
		{"chat, file", completions, chat("", `{"type":"file","file":{"file_id":"f1"}}`), "", "file", false},
		{"chat, file by address", completions, chat("", `{"type":"file","file":{"file_data":"gs://docs/a.pdf"}}`), "", "allow.file_uris", false},
		{"chat, cache", completions, chat(`"extra_body":{"google":{"cached_content":"cachedContents/1"}},`, text), "", "allow.cached_contents", true},
		{"chat, any cache", completions, chat(`"extra_body":{"google":{"cached_content":"cachedContents/1"}},`, text), listed, "", true},
		{"chat, safety", completions, chat(`"extra_body":{"google":{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}},`, text), "", "", true},
		{"chat, gateway's safety", completions, chat(`"extra_body":{"google":{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}},`, text), nothing, "allow.safety", true},
		{"responses, file", output, responses(`{"type":"input_file","file_url":"https://example.org/a.pdf"}`), "", "", false},
		{"responses, bucket", output, responses(`{"type":"input_file","file_url":"gs://docs/a.pdf"}`), "", "allow.file_uris", false},
		{"responses, image", output, responses(`{"type":"input_image","image_url":"` + files + `"}`), "", "allow.file_uris", true},
		{"responses, file id", output, responses(`{"type":"input_file","file_id":"f1"}`), "", "file", false},
		{"native, plain", nativeStream, native(""), nothing, "", false},
		{"native, search", nativeStream, native(`"tools":[{"google_search":{}},{"urlContext":{}}],`), "", "", false},
		{"native, retrieval", nativeStream, native(`"tools":[{"retrieval":{"vertexAiSearch":{"datastore":"projects/other/x"}}}],`), "", "allow.tools", false},
		{"native, listed retrieval", nativeStream, native(`"tools":{"retrieval":{"vertexAiSearch":{"datastore":"projects/p/x"}}},`), listed, "", false},
		{"native, one tool", nativeStream, native(`"tools":{"retrieval":{"externalApi":{"endpoint":"https://x"}}},`), "", "allow.tools", false},
		{"native, armor", nativeStream, native(`"model_armor_config":{"promptTemplateName":"projects/other/x"},`), "", "allow.safety", false},
		{"native, any armor", nativeStream, native(`"modelArmorConfig":{"promptTemplateName":"projects/p/x"},`), listed, "", false},
		{"native, functions", nativeStream, native(`"tools":[{"function_declarations":[{"name":"ls"}]}],`), nothing, "", false},
		{"native, strict labels", nativeStream, native(`"labels":{"team":"a"},`), "strict=true", "allow.labels", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := onVertex(t)
			if c.studio {
				r = newRig(t, nil)
			}
			var headers []string
			if c.set != "" {
				headers = []string{"x-heald-set", c.set}
			}
			_, forward, reply := r.ask(c.path, c.body, headers...)
			switch {
			case c.refused == "" && reply != nil:
				t.Errorf("refused: %s", reply.Body)
			case c.refused != "" && reply == nil:
				t.Errorf("goes upstream: %s", forward.Body)
			case c.refused != "" && (reply.Status != 400 || !strings.Contains(string(reply.Body), c.refused)):
				t.Errorf("%d %s, want %s", reply.Status, reply.Body, c.refused)
			}
		})
	}
}

// A tier that costs more is asked for by no client, of whatever API, unless the
// policy lists it.
func TestTiers(t *testing.T) {
	const contents = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	for name, c := range map[string]struct{ path, body string }{
		"chat":             {"/v1/chat/completions", `{"model":"gemini-3.5-flash","service_tier":"priority","messages":[{"role":"user","content":"hi"}]}`},
		"responses":        {"/v1/responses", `{"model":"gemini-3.5-flash","service_tier":"priority","input":"hi"}`},
		"native":           {nativeStream, `{"serviceTier":"priority",` + contents},
		"native, in full":  {nativeStream, `{"service_tier":"SERVICE_TIER_PRIORITY",` + contents},
		"native, spelling": {nativeStream, `{"ServiceTier":"priority",` + contents},
		"native, number":   {nativeStream, `{"serviceTier":3,` + contents},
	} {
		for api, r := range map[string]rig{"studio": newRig(t, nil), "vertex": onVertex(t)} {
			for _, set := range []string{"", "allow.tiers=any"} {
				var headers []string
				if set != "" {
					headers = []string{"x-heald-set", set}
				}
				a, f, reply := r.ask(c.path, c.body, headers...)
				if reply != nil {
					t.Errorf("%s, %s: %s", name, api, reply.Body)
					continue
				}
				asked := strings.Contains(strings.ToLower(string(f.Body)), "tier") || f.Set.Get("x-vertex-ai-llm-shared-request-type") != ""
				dropped := strings.Contains(a.warning(), "allow.tiers")
				if odd := name == "native, number" && api == "vertex"; dropped != (set == "") || asked != (set != "") && !odd {
					t.Errorf("%s, %s, %q: asked %t, warning %q", name, api, set, asked, a.warning())
				}
			}
		}
	}
}
