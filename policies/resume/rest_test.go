package resume

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func trace(events []conversation.Event) []string {
	var out []string
	for _, ev := range events {
		switch ev.Kind {
		case conversation.EventText:
			out = append(out, string(ev.Text))
		case conversation.EventFinish:
			out = append(out, fmt.Sprintf("finish %d+%d", ev.Usage.Input, ev.Usage.Output))
		case conversation.EventCallStart:
			out = append(out, "call "+ev.Name)
		case conversation.EventFailure:
			out = append(out, fmt.Sprintf("failure %d", ev.Usage.Input))
		default:
			out = append(out, fmt.Sprintf("event %d", ev.Kind))
		}
	}
	return out
}

func TestRest(t *testing.T) {
	used := conversation.Usage{Known: true, Input: 100, Output: 7}
	var (
		start   = conversation.Event{Kind: conversation.EventStart, Usage: used}
		thought = said(conversation.EventThought, "hm")
		sign    = conversation.Event{Kind: conversation.EventSignature}
		begin   = said(conversation.EventText, "Half an ")
		end     = said(conversation.EventText, "answer.")
		more    = said(conversation.EventText, " More.")
		call    = conversation.Event{Kind: conversation.EventCallStart, Name: "ls"}
		finish  = conversation.Event{Kind: conversation.EventFinish, Usage: used}
		failure = conversation.Event{Kind: conversation.EventFailure, Usage: used}
	)
	for _, c := range []struct {
		name   string
		events []conversation.Event
		want   []string
		joined bool
		failed bool
	}{
		{"goes on", []conversation.Event{start, thought, sign, begin, end, more, sign, finish},
			[]string{`"wer."`, `" More."`, "finish 250+27"}, true, false},
		{"goes on with a call", []conversation.Event{start, begin, end, call}, []string{`"wer."`, "call ls"}, true, false},
		{"thinks again", []conversation.Event{start, begin, end, thought, more}, []string{`"wer."`, `" More."`}, true, false},
		{"has nothing to add", []conversation.Event{start, said(conversation.EventText, "Half an ans"), finish}, []string{"finish 250+27"}, true, false},
		{"other text", []conversation.Event{start, more, end, finish}, nil, false, true},
		{"a call instead", []conversation.Event{start, call, begin, end}, nil, false, true},
		{"a finish instead", []conversation.Event{start, finish}, nil, false, true},
		{"not enough text", []conversation.Event{start, begin, finish}, nil, false, true},
		{"a failure goes on", []conversation.Event{start, call, failure}, []string{"failure 100"}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rest, err := Ask(request(nil), Broken{Text: "Half an ans", Billed: conversation.Usage{Known: true, Input: 150, Output: 20}}, Continue)
			if err != nil {
				t.Fatal(err)
			}
			var got []conversation.Event
			for _, ev := range c.events {
				got = rest.Events(got, []conversation.Event{ev})
			}
			if !slices.Equal(trace(got), c.want) || rest.joint.joined() != c.joined || (rest.Err() != nil) != c.failed {
				t.Errorf("got %q, joined %t, %v; want %q", trace(got), rest.joint.joined(), rest.Err(), c.want)
			}
		})
	}
}

func TestSum(t *testing.T) {
	a := conversation.Usage{Known: true, Input: 1, Cached: 20, Output: 300, Thoughts: 4000}
	b := conversation.Usage{Known: true, Input: 5, Cached: 60, Output: 700, Thoughts: 8000}
	want := conversation.Usage{Known: true, Input: 6, Cached: 80, Output: 1000, Thoughts: 12000}
	if got := Sum(a, b); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var unknown conversation.Usage
	if !Sum(a, unknown).Known || !Sum(unknown, b).Known || Sum(unknown, unknown).Known {
		t.Error("a sum is known if one of its parts is")
	}
}

// A token limit that was lowered for the rest does not end a reply that has the
// text so far in it, unless what is missing is less than a seam takes.
func TestCutShort(t *testing.T) {
	const text = "Rotterdam has the largest harbor of Europe. It lies at the mouths of the Rhine and the Meuse, forty kilometers long."
	for _, c := range []struct {
		name   string
		form   Form
		made   int // tokens so far
		reply  string
		finish conversation.Finish
		want   bool
	}{
		{"the whole again", Continue, 40, text + " Half", conversation.FinishLength, true},
		{"the whole again, quoted", Quote, 40, text + " Half", conversation.FinishLength, true},
		{"the whole again, at its end", Continue, 40, text + " Half", conversation.FinishStop, false},
		{"the whole again, little is missing", Continue, 5, text + " Half", conversation.FinishLength, false},
		{"the limit was not lowered", Repeat, 40, text + " Half", conversation.FinishLength, false},
		{"a continuation", Continue, 40, text[20:] + " Half", conversation.FinishLength, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			most := 100
			req := request(func(r *conversation.Request) { r.Limits.MaxTokens = &most })
			_, rest, err := Ask(req, Broken{Text: text, Made: conversation.Usage{Known: true, Output: c.made}}, c.form)
			if err != nil {
				t.Fatal(err)
			}
			got := rest.Events(nil, []conversation.Event{said(conversation.EventText, c.reply)})
			if !rest.Joined() || !slices.Equal(trace(got), []string{`" Half"`}) {
				t.Fatalf("joined %t, got %q", rest.Joined(), trace(got))
			}
			if rest.CutShort(c.finish) != c.want {
				t.Errorf("cut short: %t, want %t", !c.want, c.want)
			}
		})
	}
}
