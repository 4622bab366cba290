package chat

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Settings of Google's and of servers of open models stand bare in the body where
// LiteLLM and OpenAI's SDKs have merged them into it.
func TestBareSettings(t *testing.T) {
	const harm = `[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]`
	for _, field := range []string{`"safety_settings":` + harm, `"safetySettings":` + harm} {
		req, err := decode(field)
		if err != nil || string(req.Upstream.SafetySettings) != harm || len(req.Warnings) > 0 {
			t.Errorf("%s: %+v, %v", field, req, err)
		}
	}
	for _, field := range []string{`"thinking_config":{"thinkingBudget":0}`, `"thinkingConfig":{"thinkingBudget":0}`} {
		req, err := decode(field)
		if err != nil || string(req.Upstream.ThinkingConfig) != `{"thinkingBudget":0}` || len(req.Warnings) > 0 {
			t.Errorf("%s: %+v, %v", field, req, err)
		}
	}
	for field, want := range map[string]conversation.Intent{
		`"chat_template_kwargs":{"enable_thinking":false}`: conversation.ThinkOff,
		`"chat_template_kwargs":{"thinking":true}`:         conversation.ThinkAuto,
	} {
		req, err := decode(field)
		if err != nil || req.Thinking.Intent != want || len(req.Warnings) > 0 {
			t.Errorf("%s: %+v, %v", field, req, err)
		}
	}
	if req, err := decode(`"chat_template_kwargs":{"other":true}`); err != nil || len(req.Warnings) != 1 {
		t.Errorf("%+v, %v", req, err)
	}
	for _, field := range []string{`"safetySettings":{}`, `"thinking_config":[]`, `"response_format":"json_schema"`, `"response_format":"xml"`} {
		if _, err := decode(field); err == nil {
			t.Errorf("%s: taken", field)
		}
	}
	if req, err := decode(`"response_format":"text"`); err != nil || req.Format != nil {
		t.Errorf("text: %+v, %v", req, err)
	}
}
