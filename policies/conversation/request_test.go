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
	if n := len(r.Warnings); n != MaxWarnings || r.OmittedWarnings != 9*MaxWarnings {
		t.Fatalf("%d warnings and %d more, want %d and %d", n, r.OmittedWarnings, MaxWarnings, 9*MaxWarnings)
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
		Own:      "own", FieldNames: &FieldNames{Dots: true}, Warnings: []Warning{{"f", "w"}}, OmittedWarnings: 3,
		System: []Part{{Kind: KindText, Text: Quote("x")}},
		Messages: []Message{
			{Role: Model, Parts: []Part{{Kind: KindText}, {Kind: KindCall, Call: &Call{ID: "1"}}, {Kind: KindCall, Call: &Call{ID: "2"}}}},
			{Role: User, Parts: []Part{{Kind: KindResult, Result: &Result{CallID: "1"}}}},
			{Role: Model, Parts: []Part{{Kind: KindCall, Call: &Call{ID: "3"}}}},
		},
		Tools:  []Tool{{Name: "t"}},
		Limits: Limits{Candidates: 2, Stop: []string{"x"}},
	}
	ids := []string{"1", "2", "3"}
	if got := r.CallIDs(); !slices.Equal(got, ids) {
		t.Errorf("ids %v, want %v", got, ids)
	}
	got := r.WithoutContent()
	want := &Request{
		Model: r.Model, Stream: true, OneCall: true, Thinking: r.Thinking,
		Own: r.Own, FieldNames: r.FieldNames, Warnings: r.Warnings, OmittedWarnings: 3, callIDs: ids,
		Limits: Limits{Candidates: 2},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := got.WithoutContent().CallIDs(); !slices.Equal(again, ids) {
		t.Errorf("ids without content %v, want %v", again, ids)
	}
}
