package gemini

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func upstream(raw, digest string) conversation.Part {
	p := conversation.Part{Kind: conversation.KindUpstream, Upstream: conversation.Raw(raw)}
	if digest != "" {
		p.Text = conversation.Quote(digest)
	}
	return p
}

func TestUpstreamParts(t *testing.T) {
	const (
		search = `{ "thoughtSignature":"c2ln", "toolCall":{"args":{"queries":["x"]},"id":"4f","toolType":"GOOGLE_SEARCH_WEB"} }`
		found  = `{"thoughtSignature":"c2ln","toolResponse":{"id":"4f","response":{"search_suggestions":"<style>"},"toolType":"GOOGLE_SEARCH_WEB"}}`
		code   = `{"executableCode":{"language":"PYTHON","code":"1"}}`
		told   = `{"text":"[told]"}`
	)
	studio, vertex := Target{Model: strict}, Target{Kind: Vertex, Model: strict}
	long := `{"toolCall":{"toolType":"T","args":{"a":"` + strings.Repeat("x", digestLimit) + `"}}}`
	for _, c := range []struct {
		name   string
		target Target
		part   conversation.Part
		opts   Options
		want   string
	}{
		{"call without its result", studio, upstream(search, "[told]"), Options{}, told},
		{"result without its call", studio, upstream(found, ""), Options{}, `{"text":"[GOOGLE_SEARCH_WEB {\"search_suggestions\":\"<style>\"}]"}`},
		{"code", vertex, upstream(code, ""), Options{}, code},
		{"call at Vertex", vertex, upstream(search, "[told]"), Options{}, told},
		{"call at Vertex, not told", vertex, upstream(search, ""), Options{}, `{"text":"[GOOGLE_SEARCH_WEB {\"queries\":[\"x\"]}]"}`},
		{"call with much in it", vertex, upstream(long, ""), Options{}, `{"text":"[T]"}`},
		{"metadata at Vertex", vertex, upstream(`{"partMetadata":{},"executableCode":{}}`, "[told]"), Options{}, told},
		{"not verified", studio, upstream("", "[told]"), Options{}, told},
		{"signatures are refused", studio, upstream(search, "[told]"), Options{StripSignatures: true}, told},
		{"unsigned where signatures are refused", studio, upstream(code, "[told]"), Options{StripSignatures: true}, code},
		{"no part at all", studio, upstream(`[1]`, "[told]"), Options{}, told},
		{"broken", studio, upstream(`{"toolCall":`, "[told]"), Options{}, told},
		{"of another kind", studio, upstream(`{"text":"x"}`, "[told]"), Options{}, told},
	} {
		req := &conversation.Request{Messages: []conversation.Message{user(text("hi")), model(c.part), user(text("go on"))}}
		body := rendered(t, req, c.target, c.opts)
		want := `[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[` + c.want + `]},{"role":"user","parts":[{"text":"go on"}]}]`
		if got := string(body["contents"]); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, want)
		}
	}
}

// The upstream's own parts stay between the model's calls and texts, and the
// first call of the turn keeps its placeholder.
func TestUpstreamPartsAmongOthers(t *testing.T) {
	const code = `{"executableCode":{"code":"1"}}`
	const (
		search = `{ "thoughtSignature":"c2ln", "toolCall":{"args":{"queries":["x"]},"id":"4f"} }`
		found  = `{"tool_response":{"id":"4f"},"thoughtSignature":"c2ln"}`
	)
	req := &conversation.Request{Messages: []conversation.Message{
		user(text("hi")), model(upstream(search, "s"), upstream(found, "f"), text("a"), upstream(code, ""), call("i", "f", `{}`)), user(result("i", text("ok"))),
		model(upstream(code, "")),
	}}
	body := rendered(t, req, Target{Model: fixedM}, Options{})
	want := `[{"role":"user","parts":[{"text":"hi"}]},` +
		`{"role":"model","parts":[` + search + `,` + found + `,{"text":"a"},` + code + `,{"functionCall":{"id":"i","name":"f","args":{}},"thoughtSignature":"` + placeholder + `"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"i","name":"f","response":{"output":"ok"}}}]},` +
		`{"role":"model","parts":[` + code + `]},` +
		`{"role":"user","parts":[{"text":"Continue your previous message; output only the continuation."}]}]`
	if got := string(body["contents"]); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}
