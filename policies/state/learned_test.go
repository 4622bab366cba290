package state

import (
	"fmt"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
)

// Model names come from clients, so what is learned is bounded.
func TestLearnedIsBounded(t *testing.T) {
	var l Learned
	for n := range 2500 {
		l.Add("a", fmt.Sprint(n), heal.OmitIDs, heal.OmitIDs, uint64(n), nil)
		if l.Of("a", fmt.Sprint(n), nil) != heal.OmitIDs {
			t.Fatalf("the %dth is forgotten at once", n)
		}
		if known, _ := l.Len(); known > 1000 {
			t.Fatalf("%d models are remembered", known)
		}
	}
}

// So is what only the texts of errors said.
func TestHeardIsBounded(t *testing.T) {
	var l Learned
	for n := range 2500 {
		l.Add("a", fmt.Sprint(n), heal.OmitIDs, 0, uint64(n), nil)
		if _, heard := l.Len(); heard > 1000 {
			t.Fatalf("%d words are remembered", heard)
		}
	}
	if known, _ := l.Len(); known > 0 {
		t.Errorf("%d are believed of one request each", known)
	}
}

// A text is believed once a second request met it, a field that upstream names at
// once; schemas are remembered one by one; and what is said of a request alone is
// not remembered.
func TestLearned(t *testing.T) {
	var l Learned
	one, two := SchemaSum{1}, SchemaSum{2}
	of := func(s SchemaSum) func() SchemaSum { return func() SchemaSum { return s } }
	learn := func(r, structured heal.Repairs, request uint64) {
		l.Add("a", "m", r, structured, request, of(one))
	}
	check := func(what, backend, model string, s SchemaSum, want heal.Repairs) {
		t.Helper()
		if got := l.Of(backend, model, of(s)); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	learn(heal.OmitIDs|heal.StripSignatures, 0, 1)
	learn(heal.OmitIDs|heal.StripSignatures, 0, 1)
	check("heard of one request", "a", "m", one, 0)
	learn(heal.OmitIDs|heal.StripSignatures, 0, 2)
	check("heard of two", "a", "m", one, heal.OmitIDs)
	learn(heal.OmitPenalties, heal.OmitPenalties, 1)
	check("named", "a", "m", one, heal.OmitIDs|heal.OmitPenalties)
	learn(heal.RelaxSchema, 0, 1)
	learn(heal.RelaxSchema, 0, 2)
	check("the schemas", "a", "m", one, heal.OmitIDs|heal.OmitPenalties|heal.RelaxSchema)
	check("other schemas", "a", "m", two, heal.OmitIDs|heal.OmitPenalties)
	check("another backend", "b", "m", one, 0)
	check("another model", "a", "n", one, 0)
}
