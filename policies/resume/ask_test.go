package resume

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func request(change func(*conversation.Request)) *conversation.Request {
	req := &conversation.Request{Stream: true, Messages: []conversation.Message{
		{Role: conversation.User, Parts: []conversation.Part{text("Tell me of Rotterdam.")}},
	}}
	if change != nil {
		change(req)
	}
	return req
}

func TestResumable(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*conversation.Request)
		want   bool
	}{
		{"a stream of text", nil, true},
		{"a document", func(r *conversation.Request) { r.Stream = false }, true},
		{"with tools", func(r *conversation.Request) { r.Tools = []conversation.Tool{{Name: "ls"}} }, true},
		{"text asked for", func(r *conversation.Request) { r.Output.Modalities = []string{"text"} }, true},
		{"JSON", func(r *conversation.Request) { r.Format = &conversation.Format{} }, false},
		{"several answers", func(r *conversation.Request) { r.Limits.Candidates = 2 }, false},
		{"log probabilities", func(r *conversation.Request) { r.Limits.Logprobs = true }, false},
		{"some tool", func(r *conversation.Request) { r.Choice.Mode = conversation.ChoiceAny }, false},
		{"a certain tool", func(r *conversation.Request) { r.Choice.Mode = conversation.ChoiceNamed }, false},
		{"images", func(r *conversation.Request) { r.Output.Modalities = []string{"text", "image"} }, false},
		{"search", func(r *conversation.Request) { r.Tools = []conversation.Tool{{Kind: conversation.WebSearch}} }, false},
		{"a cache", func(r *conversation.Request) { r.Upstream.CachedContent = "c" }, false},
	} {
		if got := Resumable(request(c.change)); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func TestAsk(t *testing.T) {
	most := 1000
	req := request(func(r *conversation.Request) { r.Limits.MaxTokens = &most })
	req.Warn("x", "y")
	messages := append(req.Messages, conversation.Message{})[:1] // room that must not be used
	req.Messages = messages
	const begin = "The harbor lies at the <mouth> of the Rhine"
	asked, rest, err := Ask(req, Broken{Text: begin, Made: conversation.Usage{Known: true, Output: 300}}, Continue)
	if err != nil || rest.joint.joined() {
		t.Fatalf("joined %t, %v", rest.joint.joined(), err)
	}
	if *asked.Limits.MaxTokens != 700 || most != 1000 {
		t.Errorf("%d tokens left of %d, want 700 of 1000", *asked.Limits.MaxTokens, most)
	}
	if len(asked.Warnings) != 0 || len(req.Messages) != 1 || len(messages[:2][1].Parts) != 0 {
		t.Error("the client's request was changed, or its warnings copied")
	}
	if len(asked.Messages) != 3 {
		t.Fatalf("%d messages", len(asked.Messages))
	}
	model, user := asked.Messages[1], asked.Messages[2]
	if model.Role != conversation.Model || model.Parts[0].Text.String() != begin {
		t.Errorf("the model said %q", model.Parts[0].Text)
	}
	if user.Role != conversation.User || !strings.Contains(user.Parts[0].Text.String(), ">"+begin+"</") {
		t.Errorf("the user says %q", user.Parts[0].Text)
	}
}

func TestAskRefuses(t *testing.T) {
	few := 50
	limited := request(func(r *conversation.Request) { r.Limits.MaxTokens = &few })
	for _, c := range []struct {
		name string
		req  *conversation.Request
		said string
		used conversation.Usage
	}{
		{"no words", request(nil), " \n", conversation.Usage{}},
		{"no end of its own", request(nil), strings.Repeat("ha", 1000), conversation.Usage{}},
		{"no tokens left", limited, "Half an ans", conversation.Usage{Known: true, Output: 50}},
		{"no tokens left, as far as is known", limited, strings.Repeat("x", 250), conversation.Usage{}},
	} {
		for _, form := range []Form{Continue, Quote} {
			if _, _, err := Ask(c.req, Broken{Text: c.said, Made: c.used}, form); err == nil {
				t.Errorf("%s: it was asked", c.name)
			}
		}
	}
	if _, _, err := Ask(limited, Broken{Text: "Half an ans", Made: conversation.Usage{Known: true, Output: 4}}, Continue); err != nil {
		t.Error(err)
	}
}

// Where the model's turn is refused, the text so far stands in the user's.
func TestAskInQuotes(t *testing.T) {
	req := request(nil)
	asked, rest, err := Ask(req, Broken{Text: "Half an ans"}, Quote)
	if err != nil {
		t.Fatal(err)
	}
	last := asked.Messages[len(asked.Messages)-1]
	words := last.Parts[0].Text.String()
	if len(asked.Messages) != 2 || last.Role != conversation.User || !strings.Contains(words, "<answer>Half an ans</answer>") || !strings.Contains(words, "<last-words>Half an ans</") {
		t.Errorf("%d messages, the last: %q", len(asked.Messages), words)
	}
	if got := trace(rest.Events(nil, []conversation.Event{said(conversation.EventText, "Half an answer.")})); len(got) != 1 || got[0] != `"wer."` {
		t.Errorf("got %q", got)
	}
}

// The same request again needs no anchor and has all its tokens; what joins its
// reply is the whole text alone.
func TestAskAgain(t *testing.T) {
	most := 300
	req := request(func(r *conversation.Request) { r.Limits.MaxTokens = &most })
	text := strings.Repeat("ha ", 2000)
	b := Broken{Text: text, Made: conversation.Usage{Known: true, Output: 300}}
	if _, _, err := Ask(req, b, Continue); !errors.Is(err, ErrNoAnchor) {
		t.Fatal(err)
	}
	asked, rest, err := Ask(req, b, Repeat)
	if err != nil || len(asked.Messages) != 1 || *asked.Limits.MaxTokens != 300 {
		t.Fatalf("%d messages, %v", len(asked.Messages), err)
	}
	if got := trace(rest.Events(nil, []conversation.Event{said(conversation.EventText, text+"hm.")})); len(got) != 1 || got[0] != `"hm."` || !rest.Joined() {
		t.Errorf("got %q", got)
	}
	_, rest, _ = Ask(req, b, Repeat)
	if got := rest.Events(nil, []conversation.Event{said(conversation.EventText, text[3:]+"hm.")}); len(got) != 0 || rest.Err() == nil {
		t.Errorf("another reply was joined: %q", trace(got))
	}
}

func TestForms(t *testing.T) {
	var all []Form
	for f, ok := Continue, true; ok; f, ok = f.Next() {
		all = append(all, f)
	}
	if !slices.Equal(all, []Form{Continue, Quote, Repeat}) {
		t.Errorf("forms %v", all)
	}
}

// There must be room for more than the words that are repeated, at four bytes
// a token.
func TestAskNeedsRoom(t *testing.T) {
	const said = "Half an answer is a beginning." // 30 bytes: 7 tokens
	for _, c := range []struct {
		most, left int // left 0: it is not asked
		used       conversation.Usage
	}{
		{8, 8, conversation.Usage{Known: true}},
		{7, 0, conversation.Usage{Known: true}},
		{20, 8, conversation.Usage{Known: true, Output: 12}},
		{20, 0, conversation.Usage{Known: true, Output: 13}},
		{15, 8, conversation.Usage{}},
		{14, 0, conversation.Usage{}},
		{15, 8, conversation.Usage{Output: 100}},
	} {
		asked, _, err := Ask(request(func(r *conversation.Request) { r.Limits.MaxTokens = &c.most }), Broken{Text: said, Made: c.used}, Continue)
		if (err == nil) != (c.left > 0) || err == nil && *asked.Limits.MaxTokens != c.left {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
