package history

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
)

// Every text of a record is found by Filter.Text and kept in one string: a new
// field cannot be forgotten.
func TestTexts(t *testing.T) {
	r := record.Request{Resume: &record.Resume{}, Attempts: []record.Attempt{{}, {Resume: &record.Resume{}}}}
	n := 0
	fill(reflect.ValueOf(&r).Elem(), func(v reflect.Value) {
		n++
		v.SetString(strings.Repeat("x", n) + "A")
	})
	for i := range r.Attempts {
		r.Attempts[i].Origin = record.Origin{} // the request's
	}
	spans := r // has what only spans are made of
	spans.Attempts = slices.Clone(r.Attempts)
	r.TraceState = ""
	for i := range r.Attempts {
		r.Attempts[i].Span = record.Span{}
	}
	list := texts(&r)
	want := 0
	fill(reflect.ValueOf(&r).Elem(), func(v reflect.Value) {
		if v.String() != "" {
			want++
		}
	})
	if len(list) != want {
		t.Errorf("%d of %d texts", len(list), want)
	}
	before := Words(&r)
	copied := spans
	words := compact(&copied)
	// Other sinks and readers hold the same attempts.
	if &copied.Attempts[0] == &spans.Attempts[0] || copied.Resume == r.Resume || copied.Attempts[1].Resume == r.Attempts[1].Resume {
		t.Error("it changes what others hold")
	}
	if diff := cmp.Diff(r, copied); diff != "" {
		t.Error(diff)
	}
	if words != before {
		t.Errorf("got %q, want %q", words, before)
	}
}

// fill calls set with every text in a value.
func fill(v reflect.Value, set func(reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		set(v)
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), set)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), set)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), set)
			}
		}
	}
}
