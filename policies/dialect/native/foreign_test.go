package native

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// Fields of only one API are left out at the other with a warning; fields of
// both stay. Either way upstream accepts the rest.
func TestForeignFields(t *testing.T) {
	server := fakegemini.Start(t, fakegemini.Options{})
	const hi, declared = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`, `{"functionDeclarations":[{"name":"f"}]}`
	studio := gemini.Target{Model: "gemini-3.5-flash"}
	vertex := gemini.Target{Kind: gemini.Vertex, Project: "p", Location: "global", Model: "gemini-3.5-flash"}
	for _, c := range []struct {
		name     string
		home     gemini.Target // that takes it as it is
		body     string
		away     string // what the other API gets
		warnings string // fields, in order
	}{
		{"an AI Studio tool among others", studio, `{` + hi + `,"tools":[` + declared + `,{"mcpServers":[{"name":"m"}]}],"toolConfig":{"includeServerSideToolInvocations":true}}`,
			`{` + hi + `,"tools":[` + declared + `]}`, "tools[1].mcpServers"},
		{"two tools in one entry", studio, `{` + hi + `,"tools":[{"fileSearch":{},"googleSearch":{}}]}`, `{` + hi + `,"tools":[{"googleSearch":{}}]}`, "tools[0].fileSearch"},
		{"a Vertex AI tool among others", vertex, `{` + hi + `,"tools":[{"enterpriseWebSearch":{}},{"urlContext":{}}]}`, `{` + hi + `,"tools":[{"urlContext":{}}]}`, "tools[0].enterpriseWebSearch"},
		{"an empty list of servers", studio, `{` + hi + `,"tools":[{"mcpServers":[]}]}`, `{` + hi + `,"tools":[]}`, ""},
		{"a time range", studio, `{` + hi + `,"tools":[{"googleSearch":{"timeRangeFilter":{"startTime":"2026-01-01T00:00:00Z","endTime":"2026-02-01T00:00:00Z"}}}]}`,
			`{` + hi + `,"tools":[{"googleSearch":{}}]}`, "tools[0].googleSearch.timeRangeFilter"},
		{"domains", vertex, `{` + hi + `,"tools":[{"google_search":{"exclude_domains":["a.com"]}}]}`, `{` + hi + `,"tools":[{"google_search":{}}]}`, "tools[0].googleSearch.excludeDomains"},
		{"behavior", studio, `{` + hi + `,"tools":[{"functionDeclarations":[{"name":"f","behavior":"BLOCKING"}]}]}`, `{` + hi + `,"tools":[` + declared + `]}`, "tools[0].functionDeclarations[0].behavior"},
		{"civic answers", studio, `{` + hi + `,"generationConfig":{"enableEnhancedCivicAnswers":true,"seed":1}}`, `{` + hi + `,"generationConfig":{"seed":1}}`, "generationConfig.enableEnhancedCivicAnswers"},
		{"a null", studio, `{` + hi + `,"generationConfig":{"responseFormat":null,"seed":1}}`, `{` + hi + `,"generationConfig":{"seed":1}}`, ""},
		{"a schema by its old name", studio, `{` + hi + `,"generationConfig":{"responseMimeType":"application/json","_responseJsonSchema":{"type":"object"}}}`,
			`{` + hi + `,"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}`, ""},
		{"routing", vertex, `{` + hi + `,"generationConfig":{"routingConfig":{"autoMode":{}},"seed":1}}`, `{` + hi + `,"generationConfig":{"seed":1}}`, "generationConfig.routingConfig"},
		{"store", studio, `{` + hi + `,"store":false}`, `{` + hi + `}`, "store"},
		{"processing of media", studio, `{"contents":[{"role":"user","parts":[{"text":"hi","mediaProcessing":"STATIC"}]}]}`, `{` + hi + `}`, "contents[0].parts[0].mediaProcessing"},
		{"a name of media", studio, `{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"QQ==","displayName":"a.png"}}]}]}`, "", ""},
		{"a video", studio, `{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://youtu.be/x"}}]}]}`,
			`{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://youtu.be/x","mimeType":"video/mp4"}}]}]}`, "contents[0].parts[0].fileData"},
		{"a document", studio, `{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://a.com/b.pdf"}}]}]}`,
			`{"contents":[{"role":"user","parts":[{"fileData":{"fileUri":"https://a.com/b.pdf","mimeType":"application/pdf"}}]}]}`, "contents[0].parts[0].fileData"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.away == "" {
				c.away = c.body
			}
			for _, target := range []gemini.Target{studio, vertex} {
				want, told := c.body, ""
				if target != c.home {
					want, told = c.away, c.warnings
				}
				req := &conversation.Request{Stream: true}
				got, _, err := New().Repair(req, []byte(c.body), target, gemini.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != want {
					t.Errorf("%+v:\ngot  %s\nwant %s", target, got, want)
				}
				var fields []string
				for _, w := range req.Warnings {
					fields = append(fields, w.Field)
				}
				if strings.Join(fields, " ") != told {
					t.Errorf("%+v: warnings %v", target, req.Warnings)
				}
				if answered, reply := ask(t, server, target.Path(0, true), got); !answered {
					t.Errorf("%+v: %s\n%s", target, reply, got)
				}
			}
		})
	}
}

// A thinkingConfig goes where the model is known to refuse it whole.
func TestThinkingThatIsRefused(t *testing.T) {
	body := `{"generationConfig":{"thinkingConfig":{"thinkingBudget":5},"seed":1}}`
	refused := gemini.DefaultTable.Capabilities("gemini-2.5-flash")
	refused.Thinking = gemini.NoControl
	for model, table := range map[string]gemini.Table{
		"gemini-2.0-flash": nil, "gemini-2.5-flash": gemini.DefaultTable.With(gemini.Row{Model: "gemini-2.5-flash", Capability: refused}),
	} {
		req := &conversation.Request{}
		got, _, err := New().Repair(req, []byte(body), gemini.Target{Model: model}, gemini.Options{Table: table})
		if err != nil || string(got) != `{"generationConfig":{"seed":1}}` || len(req.Warnings) != 1 {
			t.Errorf("%s: %s, %v, %v", model, got, err, req.Warnings)
		}
	}
	for _, model := range []string{"gemma-3", "gemini-3-pro-image", "gemini-2.5-flash"} {
		if got, _, err := New().Repair(&conversation.Request{}, []byte(body), gemini.Target{Model: model}, gemini.Options{}); err != nil || string(got) != body {
			t.Errorf("%s: %s, %v", model, got, err)
		}
	}
}

// Nothing is said to be left out of a request that is refused.
func TestForeignToolThatMayNotBeOffered(t *testing.T) {
	refused := &conversation.Error{Kind: conversation.ErrUnsupported, Param: "tools"}
	opts := gemini.Options{Resource: func(conversation.Resource) (bool, error) { return false, refused }}
	req := &conversation.Request{}
	_, _, err := New().Repair(req, []byte(`{"contents":[],"tools":[{"fileSearch":{"fileSearchStoreNames":["a"]}}]}`), gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash", Project: "p", Location: "global"}, opts)
	if err == nil || len(req.Warnings) > 0 {
		t.Errorf("%v, warnings %v", err, req.Warnings)
	}
}
