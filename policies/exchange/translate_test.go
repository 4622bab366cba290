package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/route"
)

func translator(t *testing.T, cfg TranslatorConfig) *Translator {
	t.Helper()
	if cfg.Backend.Kind == "" {
		cfg.Backend.Kind = route.AIStudio
	}
	tr, err := NewTranslator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func claudeHead() *policies.Request {
	return &policies.Request{Method: "POST", Path: "/v1/messages"}
}

func TestTranslator(t *testing.T) {
	tr := translator(t, TranslatorConfig{Model: "gemini-3.5-flash"}).Request(context.Background(), claudeHead(),
		[]byte(`{"model":"vendor/claude-x","speed":"fast","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`))
	warnings, more := tr.Warnings()
	if tr.Reply != nil || tr.Dialect() != "claude" || tr.Model() != "gemini-3.5-flash" || len(warnings) != 1 || more != 0 {
		t.Fatalf("got %+v, %s, %s, %v and %d more", tr.Reply, tr.Dialect(), tr.Model(), warnings, more)
	}
	if tr.Forward.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("path %s", tr.Forward.Path)
	}
	// The way that a reply is cut must not show.
	whole := ""
	for _, step := range []int{0, 1, 7} {
		tr := translator(t, TranslatorConfig{}).Request(context.Background(), claudeHead(), []byte(ask))
		got := tr.Answer(200, nil, []byte(hello+stop), step)
		if got.Status != 200 || got.Verdict != policies.Pass || got.Headers.Get("content-type") == "" {
			t.Fatalf("step %d: %d %s %s", step, got.Status, got.Verdict, got.Body)
		}
		_, rest, _ := strings.Cut(string(got.Body), "event: ping") // the message's id is random
		if whole == "" {
			whole = rest
		}
		if rest != whole || !strings.Contains(rest, "message_stop") {
			t.Errorf("step %d:\n%s\nwant\n%s", step, rest, whole)
		}
	}
}

func TestTranslatorRefusals(t *testing.T) {
	speed := `{"model":"m","speed":"fast","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`
	for _, c := range []struct {
		name, body string
		settings   route.Settings
		want       string
	}{
		{"strict", speed, route.Settings{Strict: true}, "strict"},
		{"not JSON", `{`, route.Settings{}, "not valid JSON"},
	} {
		tr := translator(t, TranslatorConfig{Settings: c.settings}).Request(context.Background(), claudeHead(), []byte(c.body))
		if tr.Reply == nil || tr.Reply.Status != 400 || !strings.Contains(string(tr.Reply.Body), c.want) {
			t.Errorf("%s: got %+v", c.name, tr.Reply)
		}
	}
	tr := translator(t, TranslatorConfig{}).Request(context.Background(), claudeHead(), []byte(ask))
	got := tr.Answer(200, nil, nil, 0)
	if !got.Verdict.Again() || got.Status < 500 || got.Reason == "" {
		t.Errorf("an empty reply: %+v", got)
	}
	if _, err := NewTranslator(TranslatorConfig{Backend: route.Backend{Kind: route.Vertex}}); err == nil {
		t.Error("Vertex without a project was taken")
	}
}
