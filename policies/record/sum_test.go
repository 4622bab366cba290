package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The sums of a request are those of its attempts; what is unknown adds nothing, and
// a sum of which a part is unknown or guessed is an estimate.
func TestAddUp(t *testing.T) {
	nano := func(n int64) *int64 { return &n }
	used := &Usage{Input: 10, Output: 5}
	for _, c := range []struct {
		name     string
		attempts []Attempt
		want     Request // without attempts
	}{
		{"none", nil, Request{}},
		{"one", []Attempt{{Usage: used, Cost: nano(7), PriceVersion: "v1", Waited: 3}}, Request{Usage: used, Cost: nano(7), PriceVersion: "v1", Waited: 3}},
		{"two", []Attempt{{Usage: used, Cost: nano(7), PriceVersion: "v1", Waited: 3}, {Usage: used, Cost: nano(4), PriceVersion: "v2", Waited: 1}},
			Request{Usage: &Usage{Input: 20, Output: 10}, Cost: nano(11), PriceVersion: "v2", Waited: 4}},
		{"one that used nothing", []Attempt{{Usage: used, Cost: nano(7), PriceVersion: "v1"}, {}}, Request{Usage: used, Cost: nano(7), PriceVersion: "v1"}},
		{"free", []Attempt{{Usage: used, Cost: nano(0)}}, Request{Usage: used, Cost: nano(0)}},
		{"no price", []Attempt{{Usage: used}}, Request{Usage: used}},
		{"no price for one", []Attempt{{Usage: used, Cost: nano(7)}, {Usage: used}}, Request{Usage: &Usage{Input: 20, Output: 10}, Cost: nano(7), Estimated: true}},
		{"a guessed price", []Attempt{{Usage: used, Cost: nano(7), Estimated: true}}, Request{Usage: used, Cost: nano(7), Estimated: true}},
		{"a guessed price, then none", []Attempt{{Usage: used, Cost: nano(7), Estimated: true}, {Usage: used, Cost: nano(1)}},
			Request{Usage: &Usage{Input: 20, Output: 10}, Cost: nano(8), Estimated: true}},
		{"a guessed usage", []Attempt{{Usage: &Usage{Input: 1, Estimated: true}}}, Request{Usage: &Usage{Input: 1, Estimated: true}, Estimated: true}},
	} {
		r := Request{Attempts: c.attempts, Usage: &Usage{Input: 99}, Cost: nano(99), Estimated: true, Waited: 99} // of before
		r.AddUp()
		r.Attempts = nil
		if diff := cmp.Diff(c.want, r); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
