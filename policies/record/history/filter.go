package history

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/record"
)

// MaxPage bounds the limit of a query.
const MaxPage = 1000

// Limit is how many items a query may return that asks for limit: from 1 to MaxPage.
func Limit(limit int) int { return min(max(limit, 1), MaxPage) }

// Match reports whether the request matches f.
func (f *Filter) Match(r *record.Request) bool {
	return f.matchFields(r) && (f.Text == "" || strings.Contains(Words(r), strings.ToLower(f.Text)))
}

// matchFields is Match without Text.
func (f *Filter) matchFields(r *record.Request) bool {
	switch {
	case !f.Since.IsZero() && r.Time.Before(f.Since),
		!f.Until.IsZero() && !r.Time.Before(f.Until),
		!asked(f.APIs, r.API),
		!asked(f.Tenants, r.Tenant),
		!asked(f.Outcomes, r.Outcome),
		f.ID != "" && !begins(r.RequestID, f.ID) && !begins(r.TraceID, f.ID):
		return false
	}
	return (len(f.Models) == 0 || slices.Contains(f.Models, r.Alias) || slices.Contains(f.Models, r.Model) ||
		anyAttempt(r, f.Models, func(a *record.Attempt) string { return a.Model })) &&
		(len(f.Reasons) == 0 || slices.Contains(f.Reasons, r.Reason) || r.BrokenBy != "" && slices.Contains(f.Reasons, r.BrokenBy) ||
			anyAttempt(r, f.Reasons, func(a *record.Attempt) string { return a.Reason })) &&
		(len(f.Backends) == 0 || anyAttempt(r, f.Backends, func(a *record.Attempt) string { return a.Backend })) &&
		(len(f.Accounts) == 0 || anyAttempt(r, f.Accounts, func(a *record.Attempt) string { return a.Account }))
}

func asked(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

func anyAttempt(r *record.Request, list []string, field func(*record.Attempt) string) bool {
	for i := range r.Attempts {
		if slices.Contains(list, field(&r.Attempts[i])) {
			return true
		}
	}
	return false
}

// begins is HasPrefix, whatever the case of letters.
func begins(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// Words are the words of a request that Filter.Text is matched against, in lower
// case, one per line.
func Words(r *record.Request) string {
	var b strings.Builder
	for _, s := range texts(r) {
		if *s != "" {
			b.WriteString(*s)
			b.WriteByte('\n')
		}
	}
	for _, n := range statuses(r) {
		b.WriteString(strconv.Itoa(n))
		b.WriteByte('\n')
	}
	return strings.ToLower(b.String())
}

// statuses are those for the client and from upstream.
func statuses(r *record.Request) []int {
	var out []int
	add := func(n int) {
		if n != 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	add(r.Status)
	for i := range r.Attempts {
		add(r.Attempts[i].Status)
	}
	return out
}

// texts are pointers to all texts of a request, those of its attempts included.
func texts(r *record.Request) []*string {
	out := make([]*string, 0, 24+12*len(r.Attempts))
	out = append(out, &r.RequestID, &r.TraceID, &r.ParentSpan, &r.Tenant, &r.KeyID, &r.API, &r.Path, (*string)(&r.Operation),
		&r.Alias, &r.Model, &r.Outcome, &r.Reason, &r.StopReason, &r.Client, &r.Replica, &r.BrokenBy, &r.Warnings, &r.PriceVersion)
	out = append(out, resumeTexts(r.Resume)...)
	for i := range r.Attempts {
		out = append(out, attemptTexts(&r.Attempts[i])...)
	}
	return out
}

func attemptTexts(a *record.Attempt) []*string {
	return append([]*string{&a.Backend, &a.Kind, &a.Account, &a.Group, &a.Model, &a.TierAsked, &a.TierServed, &a.Verdict, &a.Reason,
		&a.PriceVersion, &a.Error, &a.Repairs, &a.Hedged, &a.Unreadable, &a.Memory}, resumeTexts(a.Resume)...)
}

func resumeTexts(m *record.Resume) []*string {
	if m == nil {
		return nil
	}
	return []*string{&m.Result, &m.Cause, &m.Backend, &m.Account, &m.Error}
}
