package gemini

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/sse"
)

// Whatever comes and however it is cut: the events are the same, follow the
// grammar, hold valid JSON, and content is never claimed without an event for
// a call or text, or a kind that was noted.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"data: " + parts(`{"text":"a\u003c","thoughtSignature":"s"}`) + "\r\n\r\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n",
		"data: " + parts(`{"functionCall":{"name":"f","willContinue":true}}`) + "\n\ndata: " +
			parts(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1]['b']","stringValue":"\ud83d"}],"willContinue":true}},{"functionCall":{"args":{"a":1,"c":[]}}}`) + "\n\n",
		"[{\"candidates\":[{\"content\":{\"parts\":[{\"executableCode\":{\"language\":\"PYTHON\",\"code\":\"1\"}}]}}]}\n,{\"error\":{\"code\":500}}]",
		"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"aé b\"},{\"text\":\"c\"}]},\"groundingMetadata\":{\"webSearchQueries\":[\"q\"],\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],\"groundingSupports\":[{\"segment\":{\"partIndex\":1,\"endIndex\":1,\"text\":\"c\"},\"groundingChunkIndices\":[0]},{\"segment\":{\"endIndex\":3},\"groundingChunkIndices\":[0]}]},\"logprobsResult\":{\"a\":1}}]}\n\n",
		"data: " + parts(`{"toolCall":{"id":"i","toolType":"T","args":{"a":[1]}},"thoughtSignature":"s"},{"inlineData":{"mimeType":"m","data":"QQ=="}},{"toolResponse":{"response":{}}}`) + "\n\n",
		"data: {\"promptFeedback\":{\"blockReason\":1}}\n\n{\"error\":{}}",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(6))
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		whole, failed, d := fuzzPlay(in, max(len(in), 1))
		cut, cutFailed, _ := fuzzPlay(in, int(step)+1)
		if !slices.Equal(brief(whole), brief(cut)) || failed != cutFailed {
			t.Errorf("step %d: got %v, want %v", int(step)+1, brief(cut), brief(whole))
		}
		if err := grammar(whole); err != nil {
			t.Fatalf("%v in %v", err, brief(whole))
		}
		var args []byte
		said := ""
		for _, ev := range whole {
			for _, raw := range [][]byte{ev.Upstream, ev.Logprobs, ev.Media.Data} {
				if raw != nil && !jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true)) {
					t.Errorf("event %s holds what is no JSON: %q", word(ev), raw)
				}
			}
			if ev.Kind == conversation.EventText {
				said += ev.Text.String()
			}
			switch ev.Kind {
			case conversation.EventCode, conversation.EventCodeResult:
				if !jsontext.Value(ev.Text).IsValid() {
					t.Errorf("text is not valid: %q", ev.Text)
				}
			case conversation.EventServerCall, conversation.EventServerResult:
				if v := jsontext.Value(ev.Args); !v.IsValid(jsontext.AllowDuplicateNames(true)) || v.Kind() != '{' {
					t.Errorf("arguments are no object: %q", ev.Args)
				}
			case conversation.EventSources:
				if !soundSources(ev.Sources, said) {
					t.Errorf("not sound: %+v in %q", ev.Sources, said)
				}
			case conversation.EventText, conversation.EventThought:
				if !jsontext.Value(ev.Text).IsValid() {
					t.Errorf("text is not valid: %q", ev.Text)
				}
			case conversation.EventCallStart:
				args = nil
			case conversation.EventCallArgs:
				args = append(args, ev.Args...)
			case conversation.EventCallEnd:
				if v := jsontext.Value(args); !v.IsValid(jsontext.AllowDuplicateNames(true)) || v.Kind() != '{' {
					t.Errorf("arguments are no object: %q", args)
				}
			}
		}
		if d.Content() && len(whole) < 2 && len(d.Unsupported()) == 0 && !failed {
			t.Errorf("content without a trace: %v", brief(whole))
		}
	})
}

// fuzzPlay decodes until the first error and closes what is open.
func fuzzPlay(in []byte, step int) (events []conversation.Event, failed bool, d *Decoder) {
	var r sse.Reader
	d = NewDecoder(nil)
	take := func(frame sse.Frame, ok bool) bool {
		if !ok || failed {
			return false
		}
		if frame.Kind == sse.Comment {
			return true
		}
		got, _, err := d.Frame(nil, frame.Data)
		failed = err != nil
		for _, ev := range got {
			events = append(events, kept(ev))
		}
		return !failed
	}
	for chunk := range slices.Chunk(in, step) {
		if r.Feed(chunk) != nil {
			break
		}
		for take(r.Next()) {
		}
	}
	for take(r.End()) {
	}
	for _, ev := range d.End(nil) {
		events = append(events, kept(ev))
	}
	return events, failed, d
}
