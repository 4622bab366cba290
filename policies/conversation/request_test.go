package conversation

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// A body may give reason for a million warnings; telling them apart would take
// longer than reading it.
func TestWarningsAreBounded(t *testing.T) {
	var r Request
	for i := range 10 * MaxWarnings {
		r.Warn(fmt.Sprint("field", i), "why")
		r.Warn("field0", "why") // said before
	}
	if n := len(r.Warnings); n != MaxWarnings {
		t.Fatalf("%d warnings, want %d", n, MaxWarnings)
	}
	if first, last := r.Warnings[0], r.Warnings[MaxWarnings-1]; first.Field != "field0" || last.Field != "..." {
		t.Errorf("first %+v, last %+v; the last must say that there were more", first, last)
	}
	if second := r.Warnings[1].Field; second != "field1" {
		t.Errorf("the second is of %s: the first is there twice", second)
	}
}

// A reply needs all of a request but its content.
func TestWithoutContent(t *testing.T) {
	r := Request{
		Model: "m", Stream: true, OneCall: true, Session: "s",
		Thinking: Thinking{Intent: ThinkLevel, Level: "high", Budget: 1, Visible: true, Carries: true},
		Own:      "own", Words: &Words{Dots: true}, Warnings: []Warning{{"f", "w"}},
		System: []Part{{Kind: KindText, Text: Quote("x")}},
		Messages: []Message{
			{Role: Model, Parts: []Part{{Kind: KindText}, {Kind: KindCall, Call: &Call{ID: "1"}}, {Kind: KindCall, Call: &Call{ID: "2"}}}},
			{Role: User, Parts: []Part{{Kind: KindResult, Result: &Result{CallID: "1"}}}},
			{Role: Model, Parts: []Part{{Kind: KindCall, Call: &Call{ID: "3"}}}},
		},
		Tools: []Tool{{Name: "t"}},
	}
	ids := []string{"1", "2", "3"}
	if got := r.CallIDs(); !slices.Equal(got, ids) {
		t.Errorf("ids %v, want %v", got, ids)
	}
	got := r.WithoutContent()
	want := &Request{
		Model: r.Model, Stream: true, OneCall: true, Thinking: r.Thinking,
		Own: r.Own, Words: r.Words, Warnings: r.Warnings, callIDs: ids,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := got.WithoutContent().CallIDs(); !slices.Equal(again, ids) {
		t.Errorf("ids without content %v, want %v", again, ids)
	}
}
