package history

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/record"
)

// compact moves all texts of a request into one string, so that a record that is
// compact moves all texts of a request into one string, so that a record that is
// kept for hours holds nothing else: its texts may be slices of a request's body
// or headers. What it changes it copies first: other sinks, and readers of an
// earlier state, may hold the list of attempts and each Resume. What only spans
// are made of it leaves out. It returns the result of Words.
func compact(r *record.Request) (words string) {
	r.Attempts, r.Resume = slices.Clone(r.Attempts), ownResume(r.Resume)
	r.TraceState = ""
	for i := range r.Attempts {
		a := &r.Attempts[i]
		a.Resume, a.Span = ownResume(a.Resume), record.Span{}
	}
	list := texts(r)
	size := 0
	for _, s := range list {
		size += len(*s) + 1
	}
	var b strings.Builder
	b.Grow(size)
	at := make([]int, len(list)) // where each text begins
	for i, s := range list {
		if *s == "" {
			continue
		}
		if same := slices.IndexFunc(list[:i], func(t *string) bool { return *t == *s }); same >= 0 {
			at[i] = at[same] // a backend, a model, a reason comes several times
			continue
		}
		at[i] = b.Len()
		b.WriteString(*s)
		b.WriteByte('\n')
	}
	for _, n := range statuses(r) {
		b.WriteString(strconv.Itoa(n))
		b.WriteByte('\n')
	}
	all := strings.Clone(b.String()) // without room that was not needed
	for i, s := range list {
		*s = all[at[i] : at[i]+len(*s)]
	}
	return strings.ToLower(all) // the same string where nothing changes
}

func ownResume(m *record.Resume) *record.Resume {
	if m == nil {
		return nil
	}
	own := *m
	return &own
}

// compactAttempt is compact for an attempt alone.
func compactAttempt(a *record.Attempt) {
	r := record.Request{Origin: a.Origin, Attempts: []record.Attempt{*a}}
	compact(&r)
	*a = r.Attempts[0]
	a.Origin = r.Origin
}
