package shortcut

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// asking is a request with a system text, one message of the user's, and a limit
// on its tokens.
func asking(system, message string, most int) *conversation.Request {
	text := func(s string) []conversation.Part {
		return []conversation.Part{{Kind: conversation.KindText, Text: conversation.Quote(s)}}
	}
	req := &conversation.Request{Messages: []conversation.Message{{Role: conversation.User, Parts: text(message)}}}
	if system != "" {
		req.System = text(system)
	}
	req.Limits.MaxTokens = &most
	return req
}

// Each kind is answered where the settings name it, and nowhere else.
func TestSideRequest(t *testing.T) {
	only := map[string]route.LocalSettings{heal.ReasonWarmup: {Warmup: true}, heal.ReasonTopic: {Topic: true}, heal.ReasonTitle: {Title: true}}
	for _, c := range []struct {
		req  *conversation.Request
		want Answer
	}{
		{asking("", "Warmup", 512), Answer{heal.ReasonWarmup, "OK", "STOP"}},
		{asking("", "quota", 1), Answer{heal.ReasonWarmup, "OK", "STOP"}},
		{asking(topicPrompt, "fix it", 512), Answer{heal.ReasonTopic, noNewTopic, "STOP"}},
		{asking(titlePrompt, "fix it", 512), Answer{heal.ReasonTitle, `{"title": "fix it"}`, "STOP"}},
		{asking("", titleMessage+" fix it", 512), Answer{heal.ReasonTitle, "fix it", "STOP"}},
		{asking("", "quota", 2), Answer{}},
		{asking("", "fix it", 512), Answer{}},
	} {
		for kind, on := range only {
			got, ok := SideRequest(c.req, on)
			if want := kind == c.want.Kind; ok != want || ok && got != c.want {
				t.Errorf("%s with %s: got %+v, %t, want %+v", c.req.Messages[0].Parts[0].Text, kind, got, ok, c.want)
			}
		}
	}
}

func TestNoTokens(t *testing.T) {
	for _, c := range []struct {
		most int
		on   bool
		want bool
	}{{0, true, true}, {0, false, false}, {1, true, false}} {
		if got, ok := NoTokens(asking("", "hi", c.most), route.LocalSettings{Warmup: c.on}); ok != c.want || ok && (got.Text != "" || got.Finish != "MAX_TOKENS") {
			t.Errorf("%+v: %+v, %t", c, got, ok)
		}
	}
	if _, ok := NoTokens(&conversation.Request{}, route.LocalSettings{Warmup: true}); ok {
		t.Error("a request without a limit is answered")
	}
}

func TestTitleOf(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "New conversation",
		"<session>":                     "New conversation",
		"Fix it.":                       "Fix it",
		"User: `make` fails, why?":      "make fails, why",
		strings.Repeat("a", 100):        "New conversation",
		"one two three four five six 7": "one two three four five six",
		strings.Repeat("ä", 3000):       "New conversation",
	} {
		if got := titleOf(in); got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
}
