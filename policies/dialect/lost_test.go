package dialect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/gemini"
)

// A field of no API that holds content or a schema is refused by name on every
// path; others are left out with a warning.
func TestNothingIsLost(t *testing.T) {
	for _, c := range []struct {
		fields string
		param  string // of the error, without dots and brackets; "" for a warning only
	}{
		{`"MESSAGES":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"hologram","data":"x"}]}]`, "MESSAGES 0 content 1 type"},
		{`"MESSAGES":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"hologram","parts":[{"text":"x"}]}]}]`, "MESSAGES 0 content 1 type"},
		{`"MESSAGES":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"step-start"}]}]`, ""},
		{`"MESSAGES":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"marker","id":"x","created_at":"today","n":1}]}]`, ""},
		{`"MESSAGES":[{"role":"assistant","content":"b"},{"role":"tool","tool_call_id":"t","content":[{"type":"hologram","data":"x"}]}]`, ""},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"name":"f","note":"x","args":{"type":"object","properties":{}}}]`, "tools 0 args"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","schema":{"properties":{}}}}]`, "tools 0 function schema"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"name":"f","parameters":{"type":"object"},"input_schema":{"type":"object","properties":{}}}]`, "tools 0 input_schema"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"},"parameters":{"type":"object","properties":{}}}]`, "tools 0 parameters"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"system_instruction":{"parts":[{"text":"s"}]}`, "system_instruction"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"type":"client_side","name":"f","parameters":{"type":"object","properties":{}}}]`, ""},
		{`"MESSAGES":[{"role":"assistant","content":"a"},{"role":"tool","tool_call_id":"t","content":[{"type":"tool_use","id":"u","name":"f","input":{}}]}]`, ""},
		{`"MESSAGES":[{"role":"user","content":"a","attachments":[{"url":"data:image/png;base64,AAAA"}]}]`, "MESSAGES 0 attachments"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"format":{"type":"object","properties":{}}`, "format"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"generationConfig":{"responseSchema":{"type":"OBJECT"}}`, "generationConfig"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"provider":{"order":["x"]}`, ""},
		{`"MESSAGES":[{"role":"user","content":[{"type":"image","alt":"x"}]}]`, "MESSAGES 0 content 0 source"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"contents":[{"role":"user","parts":[{"text":"x"}]}]`, "contents"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"prompt":"x"`, "prompt"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"response_format":{"type":"grammar","grammar":"x"}`, "response_format type"},
		{`"MESSAGES":[{"role":"user","content":"a"}],"tools":[{"name":"f"}],"tool_choice":{"type":"maybe","name":"f"}`, "tool_choice"},
		{`"MESSAGES":[{"role":"user","content":"a","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]}]`, "MESSAGES 0 role"},
	} {
		for _, p := range paths {
			body := `{"model":"m",` + strings.ReplaceAll(c.fields, "MESSAGES", p.messages) + `}`
			param := strings.ReplaceAll(c.param, "MESSAGES", p.messages)
			req, err := p.dialect.Decode(dialect.Route{}, nil, []byte(body))
			var fault *conversation.Error
			switch {
			case param == "" && (err != nil || len(req.Warnings) != 1):
				t.Errorf("%s: %s: error %v, want one warning", p.dialect.Name(), body, err)
			case param == "":
			case !errors.As(err, &fault):
				t.Errorf("%s: %s: taken", p.dialect.Name(), body)
			default:
				words := strings.Join(strings.FieldsFunc(fault.Param, func(r rune) bool { return strings.ContainsRune(".[]", r) }), " ")
				if !strings.HasPrefix(words+" ", param+" ") {
					t.Errorf("%s: %s: error about %q, want %q", p.dialect.Name(), body, words, param)
				}
			}
		}
	}
}

// Of two conversations in one request one would be lost.
func TestTwoConversations(t *testing.T) {
	const body = `{"model":"m","messages":[{"role":"user","content":"a"}],"input":[{"role":"user","content":"b"}]}`
	for _, p := range paths {
		_, err := p.dialect.Decode(dialect.Route{}, nil, []byte(body))
		var fault *conversation.Error
		if !errors.As(err, &fault) || fault.Param != "input" {
			t.Errorf("%s: %v, want an error about input", p.dialect.Name(), err)
		}
	}
}

// Gateways that turn one request into another leave messages that say nothing
// without the field they do not know.
func TestMessagesInUnknownFields(t *testing.T) {
	for _, p := range paths[1:] { // Anthropic Messages requires content
		body := fmt.Sprintf(`{"model":"m",%q:[{"role":"user","content":"a"},{"role":"user","parts":[{"text":"b"}]}]}`, p.messages)
		_, err := p.dialect.Decode(dialect.Route{}, nil, []byte(body))
		var fault *conversation.Error
		if !errors.As(err, &fault) || fault.Param != p.messages+"[1].parts" {
			t.Errorf("%s: %v, want an error about parts", p.dialect.Name(), err)
		}
	}
}

// A final assistant message becomes a prompt for models that do not continue
// it, unless it holds more than text.
func TestPictureOfTheAssistantAtTheEnd(t *testing.T) {
	const picture = `data:image/png;base64,` + pngData
	for _, p := range []struct {
		dialect dialect.Dialect
		body    string
	}{
		{claude.New(), `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a cat"},{"role":"assistant","content":[{"type":"text","text":"Here:"},` +
			`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pngData + `"}}]}]}`},
		{chat.New(chat.Config{}), `{"model":"m","messages":[{"role":"user","content":"a cat"},{"role":"assistant","content":"Here:","images":[{"type":"image_url","image_url":{"url":"` + picture + `"}}]}]}`},
		{responses.New(), `{"model":"m","input":[{"role":"user","content":"a cat"},{"role":"assistant","content":[{"type":"output_text","text":"Here:"}]},{"type":"image_generation_call","id":"i","status":"completed","result":"` + pngData + `"}]}`},
	} {
		req, err := p.dialect.Decode(dialect.Route{}, nil, []byte(p.body))
		if err != nil {
			t.Errorf("%s: %v", p.dialect.Name(), err)
			continue
		}
		out, err := gemini.Render(req, gemini.Target{Model: "gemini-3.8-flash"}, gemini.Options{})
		const want = `{"role":"model","parts":[{"text":"Here:"},{"inlineData":{"mimeType":"image/png","data":"` + pngData + `"}}]},` +
			`{"role":"user","parts":[{"text":"Continue your previous message; output only the continuation."}]}]`
		if err != nil || !strings.Contains(string(out.Body), want) {
			t.Errorf("%s: %v %s", p.dialect.Name(), err, out.Body)
		}
	}
}
