package usage

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Field is a field by which rows are grouped.
type Field string

// fields say where records have the value of a field.
var fields = []struct {
	name Field
	of   func(*record.Origin, *record.Attempt) string
}{
	{"day", func(o *record.Origin, _ *record.Attempt) string { return o.Time.UTC().Format(time.DateOnly) }},
	{"tenant", func(o *record.Origin, _ *record.Attempt) string { return o.Tenant }},
	{"key", func(o *record.Origin, _ *record.Attempt) string { return o.KeyID }},
	{"api", func(o *record.Origin, _ *record.Attempt) string { return o.API }},
	{"backend", func(_ *record.Origin, a *record.Attempt) string { return a.Backend }},
	{"account", func(_ *record.Origin, a *record.Attempt) string { return a.Account }},
	{"group", func(_ *record.Origin, a *record.Attempt) string { return a.Group }},
	{"model", func(_ *record.Origin, a *record.Attempt) string { return a.Model }},
}

// ParseFields reads a list as in "tenant,model"; "" is no field, which gives one
// row.
func ParseFields(list string) ([]Field, error) {
	if list == "" {
		return nil, nil
	}
	var out []Field
	for name := range strings.SplitSeq(list, ",") {
		f := Field(strings.TrimSpace(name))
		switch {
		case valueOf(f) == nil:
			return nil, fmt.Errorf("%.40q is none of %s", name, known())
		case slices.Contains(out, f):
			return nil, fmt.Errorf("%s is there twice", f)
		}
		out = append(out, f)
	}
	return out, nil
}

func valueOf(f Field) func(*record.Origin, *record.Attempt) string {
	for _, row := range fields {
		if row.name == f {
			return row.of
		}
	}
	return nil
}

func known() string {
	var names []string
	for _, row := range fields {
		names = append(names, string(row.name))
	}
	return strings.Join(names, ", ")
}

// Row is a sum.
type Row struct {
	// By are the values of the fields, in their order.
	By []string
	// Requests ended; Failed of them without a whole answer. They count in the
	// row of their last attempt.
	Requests, Failed int64
	// Attempts were made. Unpriced of them used something whose price is not
	// known; Unknown of them went upstream, and their use is not known.
	Attempts, Unpriced, Unknown int64
	// Tokens, where Cached is part of Input and Thinking of Output.
	Input, Cached, Output, Thinking int64
	// Nano is the cost of the attempts with a price, in billionths of the
	// currency. Priced counts them, Estimated those of them whose cost is a
	// guess.
	Nano, Priced, Estimated int64
}

// mostRows bounds the table; all further rows are joined into one.
const mostRows = 100_000

// elsewhere is the value of all fields of that row.
const elsewhere = "(other)"

// Sum adds up records.
type Sum struct {
	by           []Field
	since, until time.Time
	rows         map[string]*Row
	total        Row
	most         int
}

// NewSum makes an empty sum by fields, of records since (inclusive) and until
// (exclusive); a zero time is no limit.
func NewSum(by []Field, since, until time.Time) *Sum {
	return &Sum{by: by, since: since, until: until, rows: map[string]*Row{}, most: mostRows}
}

// Add adds a record.
func (s *Sum) Add(e record.Entry) error {
	if e.Attempt != nil {
		return s.attempt(e.Attempt)
	}
	r := e.Request
	if !s.within(r.Time) {
		return nil
	}
	at := record.Attempt{Model: r.Model}
	if last := r.Last(); last != nil {
		at = *last
	}
	row := s.row(&r.Origin, &at)
	for _, row := range []*Row{row, &s.total} {
		row.Requests++
		if r.Outcome != "passed" && r.Outcome != "local" {
			row.Failed++
		}
	}
	return nil
}

// mostNumber is more than any record can have; with this bound, sums of
// billions of records do not overflow.
const mostNumber = 1_000_000_000_000

func (s *Sum) attempt(a *record.Attempt) error {
	if !s.within(a.Time) {
		return nil
	}
	if err := believable(a); err != nil {
		return err
	}
	row := s.row(&a.Origin, a)
	for _, row := range []*Row{row, &s.total} {
		row.attempt(a)
	}
	return nil
}

func (r *Row) attempt(a *record.Attempt) {
	r.Attempts++
	u := a.Usage
	if u == nil {
		if a.Status != 0 && a.Verdict == "pass" {
			r.Unknown++
		}
		return
	}
	r.Input += u.Input
	r.Cached += u.Cached
	r.Output += u.Output
	r.Thinking += u.Thinking
	if a.Cost == nil {
		r.Unpriced++
		return
	}
	r.Nano += *a.Cost
	r.Priced++
	if a.Estimated {
		r.Estimated++
	}
}

// believable refuses numbers that no attempt can have.
func believable(a *record.Attempt) error {
	var numbers []int64
	if u := a.Usage; u != nil {
		numbers = append(numbers, u.Input, u.Cached, u.Output, u.Thinking)
	}
	if a.Cost != nil {
		numbers = append(numbers, *a.Cost/1000)
	}
	for _, n := range numbers {
		if n < 0 || n > mostNumber {
			return errors.New("has a number that no attempt can have")
		}
	}
	return nil
}

func (s *Sum) within(t time.Time) bool {
	return !t.Before(s.since) && (s.until.IsZero() || t.Before(s.until))
}

func (s *Sum) row(o *record.Origin, a *record.Attempt) *Row {
	by := make([]string, len(s.by))
	var key string
	for i, f := range s.by {
		by[i] = valueOf(f)(o, a)
		key += strconv.Quote(by[i])
	}
	if r := s.rows[key]; r != nil {
		return r
	}
	if len(s.rows) >= s.most {
		for i := range by {
			by[i] = elsewhere
		}
		key = elsewhere // no quoted value equals it
		if r := s.rows[key]; r != nil {
			return r
		}
	}
	r := &Row{By: by}
	s.rows[key] = r
	return r
}

// Rows are the rows, in the order of their fields' values.
func (s *Sum) Rows() []*Row {
	var out []*Row
	for _, r := range s.rows {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Row) int { return slices.Compare(a.By, b.By) })
	return out
}

// Total is the sum of all rows.
func (s *Sum) Total() *Row { return &s.total }
