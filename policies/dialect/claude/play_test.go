package claude

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// scriptEvent is an event as events.json writes it.
type scriptEvent struct {
	Kind    string           `json:"kind"`
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	Text    string           `json:"text"`
	Args    string           `json:"args"`
	Carrier string           `json:"carrier"`
	Finish  string           `json:"finish"`
	Note    string           `json:"note"`
	Message string           `json:"message"`
	Usage   *json.RawMessage `json:"usage"`

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

func readScript(t *testing.T, data []byte) []conversation.Event {
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
		ev := conversation.Event{Kind: kind, Name: s.Name, Carrier: s.Carrier, Finish: finish, Note: s.Note}
		switch kind {
		case conversation.EventStart:
			ev.ID = s.ID
		case conversation.EventCallStart:
			ev.CallID = s.ID
		case conversation.EventMedia:
			ev.Media = conversation.Media{MIME: s.Name, Data: conversation.Quote(s.Text)}
		case conversation.EventServerCall:
			ev.Args = conversation.Raw(s.Args)
		case conversation.EventSources:
			ev.Sources = s.Sources
		case conversation.EventThought, conversation.EventText, conversation.EventCode, conversation.EventCodeResult:
			ev.Text = conversation.Quote(s.Text)
		case conversation.EventCallArgs:
			ev.Args = conversation.Raw(s.Args)
		case conversation.EventFailure:
			ev.Err = &conversation.Error{Kind: conversation.ErrOverloaded, Message: s.Message}
		}
		if s.Usage != nil {
			if err := json.Unmarshal(*s.Usage, &ev.Usage); err != nil {
				t.Fatalf("events.json: event %d: %v", i, err)
			}
			ev.Usage.Known = true
		}
		events = append(events, ev)
	}
	return events
}

// finer splits texts and arguments into single characters, so that the same
// answer comes in as many events as it can.
func finer(events []conversation.Event) []conversation.Event {
	var out []conversation.Event
	for _, ev := range events {
		whole := ev.Text.String()
		if ev.Kind == conversation.EventCallArgs {
			whole = string(ev.Args)
		}
		if whole == "" || ev.Kind == conversation.EventCode || ev.Kind == conversation.EventCodeResult {
			out = append(out, ev)
			continue
		}
		for _, c := range whole {
			piece := ev
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

// predictable returns a dialect whose ids repeat from run to run.
func predictable() *Dialect {
	src := rand.NewChaCha8([32]byte{})
	return &Dialect{random: func(b []byte) { _, _ = src.Read(b) }}
}

// encode plays events to an encoder for req, streaming or not.
func encode(req conversation.Request, events []conversation.Event, stream bool) []byte {
	req.Stream = stream
	var enc dialect.Encoder = predictable().Encoder(&req)
	var out []byte
	for _, ev := range events {
		piece := enc.Encode(nil, ev)
		if !stream && len(piece) > 0 && ev.Kind != conversation.EventFinish && ev.Kind != conversation.EventFailure {
			panic("a document was written before the end")
		}
		out = append(out, piece...)
	}
	return out
}

// pings plays events with a keep-alive after each.
func pings(req conversation.Request, events []conversation.Event) string {
	req.Stream = true
	enc := predictable().Encoder(&req)
	out := enc.Ping(nil)
	for _, ev := range events {
		out = enc.Ping(enc.Encode(out, ev))
	}
	return string(out)
}

func withoutPings(stream string) string {
	events := strings.SplitAfter(stream, "\n\n")
	return strings.Join(slices.DeleteFunc(events, func(e string) bool { return strings.HasPrefix(e, "event: ping\n") }), "")
}
