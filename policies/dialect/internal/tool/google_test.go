package tool

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// read reads one tool.
func read(tool string) (tools []conversation.Tool, warnings int, err error) {
	w := &jsonwalk.Walker{Req: &conversation.Request{}}
	err = w.Object(jsontext.Value(tool), func(m jsonwalk.Members) error {
		known, err := Google(w, m, &tools, func(m jsonwalk.Members) error {
			t, _, err := Function(w, m, false)
			tools = append(tools, t)
			return err
		})
		if known != (len(tools) > 0) && err == nil {
			err = errors.New("known, but nothing was read")
		}
		return err
	})
	return tools, len(w.Req.Warnings), err
}

func TestGoogle(t *testing.T) {
	for _, c := range []struct {
		name, in string
		fields   []string // none: it is another tool
		settings string   // of the first
		warnings int
	}{
		{"member", `{"googleSearch":{}}`, []string{"googleSearch"}, ``, 0},
		{"member in snake_case", `{"url_context":{ }}`, []string{"urlContext"}, ``, 0},
		{"several, in the table's order", `{"code_execution":{},"googleSearch":{"searchTypes":{"webSearch":{}}}}`, []string{"googleSearch", "codeExecution"}, `{"searchTypes":{"webSearch":{}}}`, 0},
		{"null is absent", `{"googleSearch":null,"google_maps":{"enableWidget":true,"latitude":null}}`, []string{"googleMaps"}, `{"enableWidget":true}`, 0},
		{"the old name", `{"googleSearchRetrieval":{"dynamicRetrievalConfig":{}}}`, []string{"googleSearch"}, ``, 1},
		{"the type alone", `{"type":"google_search"}`, []string{"googleSearch"}, ``, 0},
		{"the type says function", `{"type":"function","codeExecution":{}}`, []string{"codeExecution"}, ``, 0},
		{"something unknown beside it", `{"type":"google_search","count":3}`, []string{"googleSearch"}, ``, 1},
		{"functions beside it", `{"functionDeclarations":[{"name":"f"},{"name":"g"}],"urlContext":{}}`, []string{"urlContext", "", ""}, ``, 0},
		{"MCP servers, which nobody here calls", `{"googleSearch":{},"mcpServers":[{"url":"u"}]}`, []string{"googleSearch", ""}, ``, 0},
		{"a store", `{"file_search":{"file_search_store_names":["a"]}}`, []string{"fileSearch"}, `{"fileSearchStoreNames":["a"]}`, 0},

		{"a function", `{"type":"function","function":{"name":"googleSearch"}}`, nil, ``, 0},
		{"a flat function", `{"name":"f","parameters":{},"retrieval":{}}`, nil, ``, 0},
		{"a function of another API", `{"name":"f","input_schema":{},"retrieval":{}}`, nil, ``, 0},
		{"another service's file search", `{"type":"file_search","file_search":{"max_num_results":3}}`, nil, ``, 0},
		{"another service's computer", `{"type":"computer_use"}`, nil, ``, 0},
		{"null alone", `{"googleSearch":null}`, nil, ``, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools, warnings, err := read(c.in)
			if err != nil || len(tools) != len(c.fields) || warnings != c.warnings {
				t.Fatalf("got %+v, %d warnings, %v", tools, warnings, err)
			}
			for i, tool := range tools {
				if (tool.Kind == conversation.OwnTool) != (tool.Field != "") || tool.Field != c.fields[i] {
					t.Errorf("got %+v, want %s", tool, c.fields[i])
				}
			}
			if len(tools) > 0 && string(tools[0].Settings) != c.settings {
				t.Errorf("settings %s", tools[0].Settings)
			}
		})
	}
}

func TestGoogleErrors(t *testing.T) {
	for in, param := range map[string]string{
		`{"googleSearch":true}`:                       "googleSearch",
		`{"google_search":[]}`:                        "google_search",
		`{"googleSearch":{"excludeDomains":"x.org"}}`: "googleSearch.excludeDomains",
		`{"googleMaps":{"latitude":"52"}}`:            "googleMaps.latitude",
		`{"googleMaps":{"language_code":1}}`:          "googleMaps.language_code",
	} {
		_, _, err := read(in)
		var e *conversation.Error
		if !errors.As(err, &e) || e.Param != param {
			t.Errorf("%s: got %v, want an error at %s", in, err, param)
		}
	}
}

// A function is one of Google's tools only where it could not be anything else.
func TestGoogleFunction(t *testing.T) {
	for in, want := range map[string]string{ // field; "" if it stays a function
		`{"name":"googleSearch"}`:                                                                       "googleSearch",
		`{"type":"function","function":{"name":"google_search"}}`:                                       "googleSearch",
		`{"name":"google_maps","parameters":{ }}`:                                                       "googleMaps",
		`{"name":"googleSearchRetrieval","description":"d","parameters":{"dynamicRetrievalConfig":{}}}`: "googleSearch",
		`{"name":"google_search","description":"d"}`:                                                    "",
		`{"name":"google_search","parameters":{"type":"object"}}`:                                       "",
		`{"name":"google_search","input_schema":{"properties":{}}}`:                                     "",
		`{"name":"retrieval"}`:                                                                          "",
		`{"name":"search"}`:                                                                             "",
	} {
		w := &jsonwalk.Walker{Req: &conversation.Request{}}
		err := w.Object(jsontext.Value(in), func(m jsonwalk.Members) error {
			tool, _, err := Function(w, m, false)
			if tool.Field != want || (tool.Kind == conversation.Function) != (want == "") || tool.Name == "" {
				t.Errorf("%s: got %+v, want %q", in, tool, want)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// An error about a setting names the place where the client wrote it.
func TestGoogleFunctionError(t *testing.T) {
	w := &jsonwalk.Walker{Req: &conversation.Request{}}
	err := w.Object(jsontext.Value(`{"name":"google_maps","input_schema":{"latitude":"x"}}`), func(m jsonwalk.Members) error {
		_, _, err := Function(w, m, false)
		return err
	})
	var e *conversation.Error
	if !errors.As(err, &e) || e.Param != "input_schema.latitude" {
		t.Errorf("got %v", err)
	}
}
