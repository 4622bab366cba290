package dialecttest

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// CheckRequest checks what must hold of every request that was read: each leaf
// is absent or one valid value of its kind, and warnings are bounded.
func CheckRequest(t testing.TB, req *conversation.Request) {
	t.Helper()
	if req.Model == "" || len(req.Warnings) > jsonwalk.MaxWarnings {
		t.Fatalf("model %q, %d warnings", req.Model, len(req.Warnings))
	}
	EachPart(req, func(p *conversation.Part) {
		checkLeaf(t, p.Text, '"')
		switch {
		case (p.Media != nil) != (p.Kind == conversation.KindMedia),
			(p.Call != nil) != (p.Kind == conversation.KindCall),
			(p.Result != nil) != (p.Kind == conversation.KindResult):
			t.Fatalf("a part of kind %d is not what it says: %+v", p.Kind, p)
		case p.Media != nil:
			checkLeaf(t, p.Media.Data, '"')
		case p.Call != nil:
			checkLeaf(t, p.Call.Args, 0)
		}
	})
	for _, tool := range req.Tools {
		checkLeaf(t, tool.Description, '"')
		checkLeaf(t, tool.Schema, '{')
		checkLeaf(t, tool.Settings, '{')
		checkLeaf(t, tool.Around, '{')
	}
	if req.Format != nil {
		checkLeaf(t, req.Format.Schema, '{')
	}
	checkLeaf(t, req.Upstream.ThinkingConfig, '{')
	checkLeaf(t, req.Upstream.SafetySettings, '[')
}

// checkLeaf checks that leaf is absent or one valid value of the kind; 0 is
// any kind.
func checkLeaf[T ~[]byte](t testing.TB, leaf T, kind jsontext.Kind) {
	t.Helper()
	v := jsontext.Value(leaf)
	if leaf == nil {
		return
	}
	if !v.IsValid(jsontext.AllowDuplicateNames(true)) || kind != 0 && v.Kind() != kind {
		t.Fatalf("leaf %q is no valid value of kind %v", leaf, kind)
	}
}

// EachPart calls f for every part of req, those within results too.
func EachPart(req *conversation.Request, f func(p *conversation.Part)) {
	eachPart(req.System, f)
	for _, m := range req.Messages {
		eachPart(m.Parts, f)
	}
}

func eachPart(parts []conversation.Part, f func(p *conversation.Part)) {
	for i := range parts {
		f(&parts[i])
		if r := parts[i].Result; r != nil {
			eachPart(r.Parts, f)
		}
	}
}

// CheckTables checks that documentation can be made from tables, and that each
// table in used, which readers apply, is among them.
func CheckTables(t *testing.T, tables []*jsonwalk.Table, used ...*jsonwalk.Table) {
	t.Helper()
	names := map[string]bool{}
	for _, table := range tables {
		if table.Name == "" || names[table.Name] || len(table.Fields) == 0 {
			t.Errorf("table %q is unnamed, empty, or there twice", table.Name)
		}
		names[table.Name] = true
		fields := map[string]bool{}
		for _, f := range table.Fields {
			if f.Name == "" || fields[f.Name] {
				t.Errorf("%s: field %q is unnamed or there twice", table.Name, f.Name)
			}
			fields[f.Name] = true
			if f.Why == "" && f.Name != "type" {
				t.Errorf("%s: field %q has no reason", table.Name, f.Name)
			}
		}
	}
	for _, table := range used {
		if !names[table.Name] {
			t.Errorf("%s is obeyed, but not among the tables", table.Name)
		}
	}
}

// CheckEncoder checks what clients of every dialect rely on: a content type,
// and nothing after the end, whatever the upstream sends.
func CheckEncoder(t *testing.T, d dialect.Dialect) {
	t.Helper()
	for stream, want := range map[bool]string{true: "text/event-stream; charset=utf-8", false: "application/json"} {
		enc := d.Encoder(&conversation.Request{Stream: stream})
		if got := enc.Headers().Get("content-type"); got != want {
			t.Errorf("stream %v: content-type = %q, want %q", stream, got, want)
		}
	}
	for _, end := range []conversation.Event{
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
		{Kind: conversation.EventFailure},
	} {
		enc := d.Encoder(&conversation.Request{Stream: true})
		enc.Encode(nil, conversation.Event{Kind: conversation.EventStart})
		if got := enc.Encode(nil, end); len(got) == 0 {
			t.Errorf("event %d writes nothing", end.Kind)
		}
		for kind := conversation.EventStart; kind <= conversation.EventFailure; kind++ {
			if got := enc.Encode(nil, conversation.Event{Kind: kind, Text: conversation.Quote("x")}); len(got) > 0 {
				t.Errorf("event %d after the end writes %q", kind, got)
			}
		}
		if got := enc.Ping(nil); len(got) > 0 {
			t.Errorf("a ping after the end writes %q", got)
		}
	}
}

// CheckMemory checks that a stream keeps nothing of the text it has written.
func CheckMemory(t *testing.T, d dialect.Dialect) {
	t.Helper()
	req := &conversation.Request{Model: "m", Stream: true}
	req.Thinking.Visible, req.Thinking.Carries = true, true
	enc := d.Encoder(req)
	text := conversation.Quote("some words")
	dst := enc.Encode(make([]byte, 0, 4096), conversation.Event{Kind: conversation.EventStart})
	dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventText, Text: text})
	allocs := testing.AllocsPerRun(1000, func() {
		dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventText, Text: text})
	})
	if allocs != 0 {
		t.Errorf("an event allocates %v times", allocs)
	}
}
