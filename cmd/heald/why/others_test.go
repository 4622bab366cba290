package why

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// reused are requests of a client that uses one id, hours apart, as lines of records.
func reused(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	for i := range n {
		line, err := json.Marshal(record.Entry{Request: new(historytest.Request("one-id", func(r *record.Request) {
			r.Time, r.Alias = historytest.Start.Add(time.Duration(i)*time.Hour), fmt.Sprintf("model-%d", i)
		}))})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	return text.String()
}

// Of several requests with one id, the newest is told, with a line that says how to
// ask for the others; each of them is told where it is asked for, also by the
// beginning of the id.
func TestOthersWithTheID(t *testing.T) {
	at := func(id, when string, n int) (string, error) {
		var out bytes.Buffer
		began := time.Time{}
		if when != "" {
			var err error
			if began, err = time.Parse(time.RFC3339, when); err != nil {
				t.Fatal(err)
			}
		}
		err := Tell(t.Context(), &out, []Source{logOf(t, reused(t, n), id)}, id, began, false)
		return out.String(), err
	}
	for _, c := range []struct {
		id, when string
		n        int
		want     []string
	}{
		{"one-id", "", 3, []string{"request one-id", "3 requests have this id, this is the newest; for another, add --at and when it began: 2026-11-29T13:00:00Z, 2026-11-29T12:00:00Z\n", "asked model-2"}},
		{"one-", "", 3, []string{"3 requests have this id, this is the newest", "asked model-2"}},
		{"one-id", "2026-11-29T12:00:00Z", 3, []string{"3 requests have this id, this is an earlier one", "2026-11-29T14:00:00Z, 2026-11-29T13:00:00Z\n", "asked model-0"}},
		{"one-", "2026-11-29T14:00:00+01:00", 3, []string{"this is an earlier one", "asked model-1"}},
		{"one-id", "", 7, []string{"7 requests have this id", "2026-11-29T17:00:00Z", "2026-11-29T14:00:00Z …, which heald requests --id lists\n", "asked model-6"}},
		{"one-id", "", 102, []string{"100 or more requests have this id", "asked model-101"}},
	} {
		if got, err := at(c.id, c.when, c.n); err != nil || !inOrder(got, c.want...) || strings.Count(got, "have this id") != 1 {
			t.Errorf("%s at %q: %v\n%s", c.id, c.when, err, got)
		}
	}
	if got, err := at("one-id", "", 1); err != nil || strings.Contains(got, "have this id") {
		t.Errorf("%v\n%s", err, got)
	}
	for _, id := range []string{"one-id", "one-"} {
		if got, err := at(id, "2026-11-29T12:30:00Z", 3); err == nil || !inOrder(err.Error(), "nothing is known of "+id+" that began at 2026-11-29T12:30:00Z. Asked: the log") {
			t.Errorf("%v\n%s", err, got)
		}
	}
}

// The stream is read back to the time that is asked for.
func TestOthersInTheStream(t *testing.T) {
	s := &stream{}
	for _, line := range strings.SplitAfter(strings.TrimSpace(reused(t, 3)), "\n") {
		for range 3599 { // others, in between: each entry is a second after the one before
			s.values = append(s.values, nil)
		}
		s.values = append(s.values, []byte(line))
	}
	began := historytest.Start
	source, err := ReadStream(t.Context(), s, "the stream", "one-id", began)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Tell(t.Context(), &out, []Source{source}, "one-id", began, false); err != nil || !inOrder(out.String(), "3 requests have this id", "asked model-0") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
