package gemini

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestTools(t *testing.T) {
	a := conversation.Tool{Name: "a"}
	b := conversation.Tool{Name: "my b", Strict: true}
	left := conversation.Tool{Kind: conversation.Unavailable, Name: "advisor", Why: "there is none"}
	search := conversation.Tool{Kind: conversation.WebSearch, Name: "web_search"}
	own := func(field, settings string) conversation.Tool {
		t := conversation.Tool{Kind: conversation.OwnTool, Field: field}
		if settings != "" {
			t.Settings = conversation.Raw(strings.TrimSpace(settings))
		}
		return t
	}
	choice := func(m conversation.ChoiceMode, names ...string) conversation.Choice {
		return conversation.Choice{Mode: m, Names: names}
	}
	const declA, declAB = `[{"functionDeclarations":[{"name":"a"}]}]`, `[{"functionDeclarations":[{"name":"a"},{"name":"my_b"}]}]`
	for _, c := range []struct {
		name          string
		target        Target
		tools         []conversation.Tool
		choice        conversation.Choice
		opts          Options
		want, config  string
		warningsCount int
	}{
		{"none", Target{Model: strict}, nil, choice(conversation.ChoiceAuto), Options{}, ``, ``, 0},
		{"a built-in alone, named", Target{Model: strict}, []conversation.Tool{search}, choice(conversation.ChoiceNamed, "web_search"), Options{}, `[{"googleSearch":{}}]`, ``, 1},
		{"built-ins alone, one to be called", Target{Model: strict}, []conversation.Tool{search}, choice(conversation.ChoiceAny), Options{}, `[{"googleSearch":{}}]`, ``, 1},
		{"built-ins alone, freely", Target{Model: strict}, []conversation.Tool{search}, choice(conversation.ChoiceAuto), Options{}, `[{"googleSearch":{}}]`, ``, 0},
		{"declaration", Target{Model: older}, []conversation.Tool{{Name: "a", Description: conversation.Quote("d"), Schema: conversation.Raw(`{"type":"object","properties":{"x":{"type":"string"}}}`)}}, choice(conversation.ChoiceUnset), Options{},
			`[{"functionDeclarations":[{"name":"a","description":"d","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"string"}}}}]}]`, ``, 0},
		{"empty schema is left out", Target{Model: older}, []conversation.Tool{{Name: "a", Schema: conversation.Raw(`{"type":"object","properties":{}}`)}}, choice(conversation.ChoiceUnset), Options{}, declA, ``, 0},
		{"N15 declared twice", Target{Model: older}, []conversation.Tool{a, {Name: "a", Description: conversation.Quote("d")}}, choice(conversation.ChoiceUnset), Options{}, declA, ``, 1},
		{"N15 the same again", Target{Model: older}, []conversation.Tool{a, a}, choice(conversation.ChoiceUnset), Options{}, declA, ``, 0},
		{"auto", Target{Model: older}, []conversation.Tool{a}, choice(conversation.ChoiceAuto), Options{}, declA, `{"functionCallingConfig":{"mode":"AUTO"}}`, 0},
		{"none", Target{Model: older}, []conversation.Tool{a}, choice(conversation.ChoiceNone), Options{}, declA, `{"functionCallingConfig":{"mode":"NONE"}}`, 0},
		{"any", Target{Model: older}, []conversation.Tool{a}, choice(conversation.ChoiceAny), Options{}, declA, `{"functionCallingConfig":{"mode":"ANY"}}`, 0},
		{"strict", Target{Model: older}, []conversation.Tool{a, b}, choice(conversation.ChoiceUnset), Options{}, declAB, `{"functionCallingConfig":{"mode":"VALIDATED"}}`, 0},
		{"named", Target{Model: older}, []conversation.Tool{a, b}, choice(conversation.ChoiceNamed, "my b"), Options{}, declAB, `{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["my_b"]}}`, 0},
		{"allowed, named twice", Target{Model: older}, []conversation.Tool{a, b}, choice(conversation.ChoiceAllow, "a", "my b", "a"), Options{}, declAB, `{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["a","my_b"]}}`, 0},
		{"allowed", Target{Model: older}, []conversation.Tool{a, b}, choice(conversation.ChoiceAllow, "a", "my b"), Options{}, declAB, `{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["a","my_b"]}}`, 0},
		{"built-in only", Target{Model: older}, []conversation.Tool{search, search}, choice(conversation.ChoiceAuto), Options{}, `[{"googleSearch":{}}]`, ``, 0},
		{"built-in forbidden", Target{Model: older}, []conversation.Tool{search}, choice(conversation.ChoiceNone), Options{}, ``, ``, 0},
		{"domains left out on Vertex", Target{Kind: Vertex, Model: older}, []conversation.Tool{{Kind: conversation.WebSearch, Blocked: []string{"a.com", "b.com"}}, {Kind: conversation.WebSearch, Blocked: []string{"b.com"}}}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleSearch":{"excludeDomains":["a.com","b.com"]}}]`, ``, 0},
		{"domains on AI Studio", Target{Model: older}, []conversation.Tool{{Kind: conversation.WebSearch, Blocked: []string{"a.com"}}}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleSearch":{}}]`, ``, 1},
		{"all built-ins", Target{Model: older}, []conversation.Tool{search, {Kind: conversation.WebFetch}, {Kind: conversation.CodeExecution}}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleSearch":{}},{"urlContext":{}},{"codeExecution":{}}]`, ``, 0},
		{"mixed on AI Studio", Target{Model: strict}, []conversation.Tool{search, a}, choice(conversation.ChoiceAuto), Options{},
			`[{"functionDeclarations":[{"name":"a"}]},{"googleSearch":{}}]`, `{"functionCallingConfig":{"mode":"VALIDATED"},"includeServerSideToolInvocations":true}`, 0},
		{"mixed on Vertex", Target{Kind: Vertex, Model: strict}, []conversation.Tool{search, a}, choice(conversation.ChoiceUnset), Options{},
			`[{"functionDeclarations":[{"name":"a"}]},{"googleSearch":{}}]`, `{"functionCallingConfig":{"mode":"VALIDATED"}}`, 0},
		{"mixed, none to be called", Target{Model: strict}, []conversation.Tool{search, a}, choice(conversation.ChoiceNone), Options{}, declA, `{"functionCallingConfig":{"mode":"NONE"}}`, 0},
		{"mixed, the built-in named", Target{Model: strict}, []conversation.Tool{search, a}, choice(conversation.ChoiceNamed, "web_search"), Options{},
			`[{"functionDeclarations":[{"name":"a"}]},{"googleSearch":{}}]`, `{"functionCallingConfig":{"mode":"VALIDATED"},"includeServerSideToolInvocations":true}`, 1},
		{"mixed on 2.5, dropped", Target{Model: older}, []conversation.Tool{search, a}, choice(conversation.ChoiceUnset), Options{}, declA, ``, 1},
		{"image model", Target{Model: "gemini-2.5-flash-image"}, []conversation.Tool{a}, choice(conversation.ChoiceAuto), Options{}, ``, ``, 1},
		{"left out beside a function", Target{Model: strict}, []conversation.Tool{left, a}, choice(conversation.ChoiceAny), Options{}, declA, `{"functionCallingConfig":{"mode":"ANY"}}`, 1},
		{"left out alone", Target{Model: strict}, []conversation.Tool{left}, choice(conversation.ChoiceAuto), Options{}, ``, ``, 1},
		{"left out alone, none to be called", Target{Model: strict}, []conversation.Tool{left}, choice(conversation.ChoiceNone), Options{}, ``, ``, 1},
		{"left out and named beside another", Target{Model: strict}, []conversation.Tool{left, a}, choice(conversation.ChoiceNamed, "a", "advisor"), Options{}, declA, `{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"]}}`, 2},
		{"left out and alone allowed", Target{Model: strict}, []conversation.Tool{left, a}, choice(conversation.ChoiceAllow, "advisor"), Options{}, declA, `{"functionCallingConfig":{"mode":"NONE"}}`, 2},
		{"a function of the same name", Target{Model: strict}, []conversation.Tool{{Kind: conversation.Unavailable, Name: "a", Why: "there is none"}, a}, choice(conversation.ChoiceNamed, "a"), Options{}, declA, `{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"]}}`, 1},
		{"in the upstream's words", Target{Model: older}, []conversation.Tool{own("googleMaps", ` { "enableWidget":true } `), own("urlContext", ``), own("googleMaps", ``)}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleMaps":{"enableWidget":true}},{"urlContext":{}}]`, ``, 0},
		{"places", Target{Model: older}, []conversation.Tool{{Kind: conversation.OwnTool, Field: "googleMaps", Around: conversation.Raw(`{"languageCode":"de"}`)}}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleMaps":{}}]`, `{"retrievalConfig":{"languageCode":"de"}}`, 0},
		{"places beside functions on 2.5", Target{Model: older}, []conversation.Tool{a, {Kind: conversation.OwnTool, Field: "googleMaps", Around: conversation.Raw(`{"languageCode":"de"}`)}}, choice(conversation.ChoiceUnset), Options{}, declA, ``, 1},
		{"the same tool in two words", Target{Kind: Vertex, Model: older}, []conversation.Tool{{Kind: conversation.WebSearch, Blocked: []string{"a.com"}}, own("googleSearch", `{"searchTypes":{}}`), own("googleSearch", `{"x":1}`)}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleSearch":{"excludeDomains":["a.com"],"searchTypes":{}}}]`, ``, 1},
		{"what the other API alone has", Target{Kind: Vertex, Model: older}, []conversation.Tool{own("fileSearch", ``), own("googleSearch", `{"timeRangeFilter":{},"searchTypes":{}}`)}, choice(conversation.ChoiceUnset), Options{},
			`[{"googleSearch":{"searchTypes":{}}}]`, ``, 2},
		{"a tool alone of the other API", Target{Model: older}, []conversation.Tool{own("retrieval", `{}`)}, choice(conversation.ChoiceAuto), Options{}, ``, ``, 1},
		{"a setting alone of the other API", Target{Model: older}, []conversation.Tool{own("googleMaps", `{"authConfig":{}}`)}, choice(conversation.ChoiceUnset), Options{}, `[{"googleMaps":{}}]`, ``, 1},
		{"Vertex AI's own", Target{Kind: Vertex, Model: older}, []conversation.Tool{own("enterpriseWebSearch", ``)}, choice(conversation.ChoiceUnset), Options{}, `[{"enterpriseWebSearch":{}}]`, ``, 0},
		{"AI Studio's own", Target{Model: older}, []conversation.Tool{own("fileSearch", `{"fileSearchStoreNames":["a"]}`)}, choice(conversation.ChoiceUnset), Options{}, `[{"fileSearch":{"fileSearchStoreNames":["a"]}}]`, ``, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Tools: c.tools, Choice: c.choice}
			body := rendered(t, req, c.target, c.opts)
			if got := string(body["tools"]); got != c.want {
				t.Errorf("tools\ngot  %s\nwant %s", got, c.want)
			}
			if got := string(body["toolConfig"]); got != c.config {
				t.Errorf("toolConfig\ngot  %s\nwant %s", got, c.config)
			}
			if len(req.Warnings) != c.warningsCount {
				t.Errorf("warnings: %v", req.Warnings)
			}
		})
	}
}

// The domains of all searches together are limited, and each is named once.
func TestBlockedDomains(t *testing.T) {
	domains := func(from, to int) conversation.Tool {
		tool := conversation.Tool{Kind: conversation.WebSearch}
		for i := from; i < to; i++ {
			tool.Blocked = append(tool.Blocked, fmt.Sprintf("d%d.example", i))
		}
		return tool
	}
	for _, c := range []struct {
		name  string
		tools []conversation.Tool
		ok    bool
	}{
		{"as many as may be", []conversation.Tool{domains(0, maxExcluded)}, true},
		{"the same again", []conversation.Tool{domains(0, maxExcluded), domains(0, maxExcluded)}, true},
		{"one more in another", []conversation.Tool{domains(0, maxExcluded), domains(maxExcluded, maxExcluded+1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Tools: c.tools}
			out, err := Render(placed(req), Target{Kind: Vertex, Model: strict}, Options{})
			if !c.ok {
				var e *conversation.Error
				if !errors.As(err, &e) || e.Kind != conversation.ErrInvalid || e.Param != "tools[1].blocked_domains" {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || strings.Count(string(out.Body), ".example") != maxExcluded {
				t.Errorf("%d domains, %v", strings.Count(string(out.Body), ".example"), err)
			}
		})
	}
}

func TestToolsErrors(t *testing.T) {
	var many []conversation.Tool
	for i := range maxFunctions + 1 {
		many = append(many, conversation.Tool{Name: fmt.Sprint("f", i)})
	}
	a := conversation.Tool{Name: "a"}
	left := conversation.Tool{Kind: conversation.Unavailable, Name: "advisor", Why: "there is none"}
	named := func(names ...string) conversation.Choice {
		return conversation.Choice{Mode: conversation.ChoiceNamed, Names: names}
	}
	for _, c := range []struct {
		name, model string
		tools       []conversation.Tool
		choice      conversation.Choice
		kind        conversation.ErrorKind
		param       string
	}{
		{"N16 too many", strict, many, conversation.Choice{}, conversation.ErrInvalid, "tools"},
		{"no name", strict, []conversation.Tool{a, {}}, conversation.Choice{}, conversation.ErrInvalid, "tools[1]"},
		{"no tools, and some must be called", strict, nil, conversation.Choice{Mode: conversation.ChoiceAny}, conversation.ErrInvalid, "tool_choice"},
		{"no tools, and one is named", strict, nil, conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{"a"}}, conversation.ErrInvalid, "tool_choice"},
		{"a function named beside built-ins alone", strict, []conversation.Tool{{Kind: conversation.WebSearch, Name: "s"}}, named("a"), conversation.ErrInvalid, "tool_choice"},
		{"unknown choice", strict, []conversation.Tool{a}, conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{"b"}}, conversation.ErrInvalid, "tool_choice"},
		{"mixed on 2.5, the built-in named", older, []conversation.Tool{a, {Kind: conversation.WebSearch, Name: "s"}}, named("s"), conversation.ErrUnsupported, "tool_choice"},
		{"image model that must call", "gemini-2.5-flash-image", []conversation.Tool{a}, conversation.Choice{Mode: conversation.ChoiceAny}, conversation.ErrUnsupported, "tool_choice"},
		{"left out and named", strict, []conversation.Tool{a, left}, named("advisor"), conversation.ErrUnsupported, "tool_choice"},
		{"left out, and some must be called", strict, []conversation.Tool{left}, conversation.Choice{Mode: conversation.ChoiceAny}, conversation.ErrUnsupported, "tool_choice"},
		{"tool of Vertex AI alone, and some must be called", strict, []conversation.Tool{{Kind: conversation.OwnTool, Field: "retrieval"}}, conversation.Choice{Mode: conversation.ChoiceAny}, conversation.ErrUnsupported, "tool_choice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Tools: c.tools, Choice: c.choice}
			_, err := Render(placed(req), Target{Model: c.model}, Options{})
			var e *conversation.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Param != c.param {
				t.Errorf("got %#v", err)
			}
		})
	}
}
