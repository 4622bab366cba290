package dialecttest

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// scriptEvent is an event as events.json writes it.
type scriptEvent struct {
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Text     string          `json:"text"`
	Args     string          `json:"args"`
	Carrier  string          `json:"carrier"`
	Finish   string          `json:"finish"`
	Note     string          `json:"note"`
	Stop     string          `json:"stop"`
	Message  string          `json:"message"`
	Logprobs json.RawMessage `json:"logprobs"`
	Usage    json.RawMessage `json:"usage"`

	Sources *conversation.Sources `json:"sources"`
}

var scriptKinds = map[string]conversation.EventKind{
	"start":         conversation.EventStart,
	"thought":       conversation.EventThought,
	"text":          conversation.EventText,
	"call start":    conversation.EventCallStart,
	"call args":     conversation.EventCallArgs,
	"call end":      conversation.EventCallEnd,
	"signature":     conversation.EventSignature,
	"media":         conversation.EventMedia,
	"code":          conversation.EventCode,
	"code result":   conversation.EventCodeResult,
	"server call":   conversation.EventServerCall,
	"server result": conversation.EventServerResult,
	"sources":       conversation.EventSources,
	"finish":        conversation.EventFinish,
	"failure":       conversation.EventFailure,
}

var scriptFinishes = map[string]conversation.Finish{
	"":          conversation.FinishNone,
	"stop":      conversation.FinishStop,
	"length":    conversation.FinishLength,
	"window":    conversation.FinishWindow,
	"refused":   conversation.FinishRefused,
	"blocked":   conversation.FinishBlocked,
	"pause":     conversation.FinishPause,
	"malformed": conversation.FinishMalformed,
	"signature": conversation.FinishSignature,
	"other":     conversation.FinishOther,
}

// Script reads the events of an answer from events.json.
func Script(t testing.TB, data []byte) []conversation.Event {
	t.Helper()
	var script []scriptEvent
	if err := json.Unmarshal(data, &script); err != nil {
		t.Fatalf("events.json: %v", err)
	}
	var events []conversation.Event
	for i, s := range script {
		kind, known := scriptKinds[s.Kind]
		finish, knownFinish := scriptFinishes[s.Finish]
		if !known || !knownFinish {
			t.Fatalf("events.json: event %d has an unknown kind %q or finish %q", i, s.Kind, s.Finish)
		}
		ev := conversation.Event{
			Kind: kind, Name: s.Name, Carrier: s.Carrier, Finish: finish, Note: s.Note, Stop: s.Stop,
			Sources: s.Sources, Logprobs: conversation.Raw(s.Logprobs),
		}
		s.fill(&ev)
		if s.Usage != nil {
			if err := json.Unmarshal(s.Usage, &ev.Usage); err != nil {
				t.Fatalf("events.json: event %d: %v", i, err)
			}
			ev.Usage.Known = true
		}
		events = append(events, ev)
	}
	return events
}

// fill sets the fields of ev whose meaning depends on its kind.
func (s *scriptEvent) fill(ev *conversation.Event) {
	switch ev.Kind {
	case conversation.EventStart:
		ev.ID = s.ID
	case conversation.EventCallStart:
		ev.CallID = s.ID
	case conversation.EventMedia:
		ev.Media = conversation.Media{MIME: s.Name, Data: conversation.Quote(s.Text)}
	case conversation.EventThought, conversation.EventText, conversation.EventCode, conversation.EventCodeResult:
		ev.Text = conversation.Quote(s.Text)
	case conversation.EventCallArgs, conversation.EventServerCall:
		ev.Args = conversation.Raw(s.Args)
	case conversation.EventFailure:
		ev.Err = &conversation.Error{Kind: conversation.ErrOverloaded, Message: s.Message}
	}
}

// Finer splits texts and arguments into single characters, so that the same
// answer comes in as many events as possible. Usage and log probabilities stay
// with the first.
func Finer(events []conversation.Event) []conversation.Event {
	var out []conversation.Event
	for _, ev := range events {
		var whole string
		switch ev.Kind {
		case conversation.EventThought, conversation.EventText:
			whole = ev.Text.String()
		case conversation.EventCallArgs:
			whole = string(ev.Args)
		}
		if whole == "" {
			out = append(out, ev)
			continue
		}
		for i, c := range whole {
			piece := ev
			if i > 0 {
				piece.Usage, piece.Logprobs = conversation.Usage{}, nil
			}
			if ev.Kind == conversation.EventCallArgs {
				piece.Args = conversation.Raw(string(c))
			} else {
				piece.Text = conversation.Quote(string(c))
			}
			out = append(out, piece)
		}
	}
	return out
}
