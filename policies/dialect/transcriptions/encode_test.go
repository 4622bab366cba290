package transcriptions

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// said are the events of an answer in pieces.
func said(finish conversation.Finish, pieces ...string) (events []conversation.Event) {
	events = append(events, conversation.Event{Kind: conversation.EventStart}, conversation.Event{Kind: conversation.EventThought, Text: conversation.Quote("hm")})
	for _, p := range pieces {
		events = append(events, conversation.Event{Kind: conversation.EventText, Text: conversation.Quote(p)})
	}
	return append(events, conversation.Event{Kind: conversation.EventFinish, Finish: finish, Usage: conversation.Usage{Known: true, Input: 420, Output: 7}})
}

func TestEncode(t *testing.T) {
	const usage = `"usage":{"type":"tokens","input_tokens":420,"output_tokens":7,"total_tokens":427}}`
	delta := func(piece string) string {
		return `data: {"type":"transcript.text.delta","delta":"` + piece + `"}` + "\n\n"
	}
	for _, c := range []struct {
		name   string
		own    own
		stream bool
		finish conversation.Finish
		pieces []string
		want   string
	}{
		{"json", own{format: plainJSON}, false, conversation.FinishStop, []string{" He", "llo \"you\".\n"}, `{"text":"Hello \"you\".",` + usage},
		{"text", own{format: plainText}, false, conversation.FinishStop, []string{"Hello."}, "Hello.\n"},
		{"silence", own{format: plainJSON}, false, conversation.FinishStop, []string{"[no ", "speech]"}, `{"text":"",` + usage},
		{"verbose, the model names the language", own{format: verboseJSON, asked: 400}, false, conversation.FinishStop, []string{"German\n", "\nGuten Tag."},
			`{"task":"transcribe","language":"german","duration":10,"text":"Guten Tag."}`},
		{"verbose, it does not", own{format: verboseJSON, asked: 400}, false, conversation.FinishStop, []string{"Guten Tag.\nWie geht es?"},
			`{"task":"transcribe","language":"","duration":10,"text":"Guten Tag.\nWie geht es?"}`},
		{"verbose, the client did", own{format: verboseJSON, language: "de", asked: 400}, false, conversation.FinishStop, []string{"Ja\nNein"},
			`{"task":"transcribe","language":"de","duration":10,"text":"Ja\nNein"}`},
		{"verbose translation", own{format: verboseJSON, language: "english", translate: true, asked: 4000}, false, conversation.FinishStop, []string{"Yes."},
			`{"task":"translate","language":"english","duration":0,"text":"Yes."}`},
		{"stream", own{format: plainJSON}, true, conversation.FinishStop, []string{"He", "llo"},
			delta("He") + delta("llo") + `data: {"type":"transcript.text.done","text":"Hello",` + usage + "\n\n"},
		{"stream that begins like silence", own{format: plainJSON}, true, conversation.FinishStop, []string{"[no", " way]"},
			delta("[no way]") + `data: {"type":"transcript.text.done","text":"[no way]",` + usage + "\n\n"},
		{"stream that ends there", own{format: plainJSON}, true, conversation.FinishStop, []string{"[no"},
			delta("[no") + `data: {"type":"transcript.text.done","text":"[no",` + usage + "\n\n"},
		{"stream of silence", own{format: plainJSON}, true, conversation.FinishStop, []string{"[no", " speech]"},
			`data: {"type":"transcript.text.done","text":"",` + usage + "\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, got := &encoder{own: c.own, stream: c.stream}, ""
			for _, ev := range said(c.finish, c.pieces...) {
				got = string(e.Encode([]byte(got), ev))
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if more := e.Ping(e.Encode(nil, conversation.Event{Kind: conversation.EventText, Text: conversation.Quote("x")})); len(more) > 0 {
				t.Errorf("after the end comes %s", more)
			}
		})
	}
}

// A part of a transcript must not be taken for the whole.
func TestEncodeFailures(t *testing.T) {
	for name, finish := range map[string]conversation.Finish{
		"in pieces": conversation.FinishLength, "refused": conversation.FinishRefused,
	} {
		for _, stream := range []bool{true, false} {
			e, got := New().Encoder(&conversation.Request{Stream: stream, Own: own{format: plainJSON}}), ""
			for _, ev := range said(finish, "Hello") {
				got = string(e.Encode([]byte(got), ev))
			}
			last := got[strings.LastIndex(got, `{"error"`):]
			if !strings.Contains(last, name) || strings.Contains(got, "transcript.text.done") || strings.HasPrefix(got, "data: ") != stream {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	e := &encoder{stream: true}
	broken := conversation.Event{Kind: conversation.EventFailure, Err: &conversation.Error{Kind: conversation.ErrAPI, Message: "broken"}}
	if got := string(e.Encode(nil, broken)); !strings.HasPrefix(got, `data: {"error":{"message":"broken"`) || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("got %s", got)
	}

	if got := string((&encoder{}).Encode(nil, conversation.Event{Kind: conversation.EventFailure})); !strings.Contains(got, "The upstream failed.") {
		t.Errorf("a failure that says nothing: got %s", got)
	}
}
