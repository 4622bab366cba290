package history

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Bounds of the names of a Now. What is beyond them counts as other.
const (
	// namesCounted is how many names are told apart in one step.
	namesCounted = 100
	// namesShown is how many lists there are in one series, those with the most in
	// them.
	namesShown = 20

	other = "other"
)

// Span is a period of Now, which ends now.
type Span struct {
	Name  string        // as the page asks for it
	Step  time.Duration // between two values
	Steps int
}

// Spans are all of them.
var Spans = [...]Span{{"1h", time.Minute, 60}, {"24h", 10 * time.Minute, 144}}

// Now counts what has happened in the last hour and the last day. It is a
// Recorder that counts by the time at which attempts and requests ended, so that
// those of other replicas may come late. Its memory is bounded: some MB at most.
type Now struct {
	mu    sync.Mutex
	spans [len(Spans)]window
}

// window has one step per place, the one of time t at t/step modulo the number of
// steps.
type window struct{ steps []step }

// step counts what ended within one step of a span. Its maps are made when needed.
type step struct {
	number           int64 // since 1970; a place that has another one is out of date
	requests         map[string]int64
	retries, repairs map[string]int64
	limited          int64
	tokens, cost     map[string]int64
	content          map[string]*times
}

// NewNow counts from now on. It has no goroutine.
func NewNow() *Now {
	n := &Now{}
	for i := range n.spans {
		n.spans[i].steps = make([]step, Spans[i].Steps)
	}
	return n
}

// at calls count with the step of each span in which the end falls.
func (n *Now) at(end time.Time, count func(*step)) {
	now := time.Now()
	if end.After(now) {
		end = now // another replica's clock
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.spans {
		number, current := stepOf(end, Spans[i].Step), stepOf(now, Spans[i].Step)
		if number <= current-int64(Spans[i].Steps) {
			continue
		}
		s := &n.spans[i].steps[number%int64(Spans[i].Steps)]
		if s.number > number {
			continue
		}
		if s.number < number {
			*s = step{number: number}
		}
		count(s)
	}
}

func stepOf(t time.Time, d time.Duration) int64 { return t.UnixNano() / int64(d) }

// Attempt counts an attempt.
func (n *Now) Attempt(a record.Attempt) {
	n.at(a.Time.Add(time.Duration(a.Duration)), func(s *step) {
		switch a.Verdict {
		case "retry", "failover":
			count(&s.retries, a.Reason, 1)
		case "repair":
			count(&s.repairs, a.Reason, 1)
		}
		if a.Status == 429 {
			s.limited++
		}
		if u := a.Usage; u != nil {
			count(&s.tokens, a.Tenant, u.Input+u.Output)
		}
		if a.Cost != nil {
			count(&s.cost, a.Tenant, *a.Cost)
		}
	})
}

// Request counts a request.
func (n *Now) Request(r record.Request) {
	n.at(r.Time.Add(time.Duration(r.Duration)), func(s *step) {
		count(&s.requests, r.Outcome, 1)
		last := r.Last()
		if last == nil || r.FirstContent <= 0 {
			return
		}
		name := bounded(s.content, last.Backend)
		if s.content == nil {
			s.content = map[string]*times{}
		}
		if s.content[name] == nil {
			s.content[name] = &times{}
		}
		s.content[name].add(time.Duration(r.FirstContent))
	})
}

// count adds to a name's number.
func count(m *map[string]int64, name string, by int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	(*m)[bounded(*m, name)] += by
}

// bounded is the name under which something counts. What is kept is no part of a
// request.
func bounded[V any](m map[string]V, name string) string {
	if _, ok := m[name]; ok {
		return name
	}
	if name == "" || len(m) >= namesCounted {
		return other
	}
	return strings.Clone(name)
}

// Series are the steps of a span, the oldest first. Each list has one value per
// step; the last step has just begun.
type Series struct {
	From time.Time `json:"from"`
	Step int       `json:"step_s"`
	// In milliseconds, by backend; nil where no answer began.
	FirstContentP50 map[string][]*int64 `json:"first_content_p50"`
	FirstContentP95 map[string][]*int64 `json:"first_content_p95"`
	// By reason.
	Retries map[string][]int64 `json:"retries"`
	Repairs map[string][]int64 `json:"repairs"`
	// RateLimited are the providers' 429s.
	RateLimited []int64 `json:"rate_limited"`
	// By outcome.
	Requests map[string][]int64 `json:"requests"`
	// By tenant; Cost in billionths of the currency.
	Tokens map[string][]int64 `json:"tokens"`
	Cost   map[string][]int64 `json:"cost_nano"`
}

// Series returns those of a span; false if there is none of this name.
func (n *Now) Series(span string) (Series, bool) {
	i := slices.IndexFunc(Spans[:], func(s Span) bool { return s.Name == span })
	if i < 0 {
		return Series{}, false
	}
	of := Spans[i]
	last := stepOf(time.Now(), of.Step)
	first := last - int64(of.Steps) + 1
	out := Series{From: time.Unix(0, first*int64(of.Step)).UTC(), Step: int(of.Step / time.Second), RateLimited: make([]int64, of.Steps)}
	n.mu.Lock()
	defer n.mu.Unlock()
	steps := make([]*step, of.Steps) // nil where nothing happened
	for at := range steps {
		number := first + int64(at)
		if s := &n.spans[i].steps[number%int64(of.Steps)]; s.number == number {
			steps[at] = s
			out.RateLimited[at] = s.limited
		}
	}
	out.Requests = lists(steps, func(s *step) map[string]int64 { return s.requests })
	out.Retries = lists(steps, func(s *step) map[string]int64 { return s.retries })
	out.Repairs = lists(steps, func(s *step) map[string]int64 { return s.repairs })
	out.Tokens = lists(steps, func(s *step) map[string]int64 { return s.tokens })
	out.Cost = lists(steps, func(s *step) map[string]int64 { return s.cost })
	out.FirstContentP50, out.FirstContentP95 = quantiles(steps, 0.5), quantiles(steps, 0.95)
	return out, true
}

// lists are the numbers of each name, step by step.
func lists(steps []*step, of func(*step) map[string]int64) map[string][]int64 {
	sums := map[string]int64{}
	for _, s := range steps {
		if s != nil {
			for name, n := range of(s) {
				sums[name] += n
			}
		}
	}
	shown := most(sums)
	out := map[string][]int64{}
	for at, s := range steps {
		if s == nil {
			continue
		}
		for name, n := range of(s) {
			if !shown[name] {
				name = other
			}
			if out[name] == nil {
				out[name] = make([]int64, len(steps))
			}
			out[name][at] += n
		}
	}
	return out
}

// quantiles are those of each backend, step by step.
func quantiles(steps []*step, q float64) map[string][]*int64 {
	sums := map[string]int64{}
	for _, s := range steps {
		if s != nil {
			for name, h := range s.content {
				for _, n := range h {
					sums[name] += int64(n)
				}
			}
		}
	}
	shown := most(sums)
	out := map[string][]*int64{}
	for at, s := range steps {
		if s == nil {
			continue
		}
		merged := map[string]*times{}
		for name, h := range s.content {
			if !shown[name] {
				name = other
			}
			if merged[name] == nil {
				merged[name] = &times{}
			}
			for i, n := range h {
				merged[name][i] += n
			}
		}
		for name, h := range merged {
			if out[name] == nil {
				out[name] = make([]*int64, len(steps))
			}
			if d, ok := h.quantile(q); ok {
				ms := d.Milliseconds()
				out[name][at] = &ms
			}
		}
	}
	return out
}

// most are the names that are shown by themselves.
func most(sums map[string]int64) map[string]bool {
	names := slices.SortedFunc(maps.Keys(sums), func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	out := map[string]bool{}
	for _, n := range names[:min(len(names), namesShown)] {
		out[n] = true
	}
	return out
}
