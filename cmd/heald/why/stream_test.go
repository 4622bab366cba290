package why

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// stream is a shared stream of records.
type stream struct {
	values [][]byte
	asked  int
}

func (s *stream) Newer(context.Context, string, string, int) ([]string, [][]byte, error) {
	return nil, nil, errors.New("nobody asks for what is newer")
}

func (s *stream) Older(_ context.Context, _, before string, limit int) (ids []string, values [][]byte, err error) {
	s.asked++
	n := len(s.values)
	if before != "" {
		n = int(timeOf(before).Sub(historytest.Start) / time.Second)
	}
	for n--; n >= 0 && len(ids) < limit; n-- {
		ids = append(ids, fmt.Sprintf("%d-0", historytest.Start.Add(time.Duration(n)*time.Second).UnixMilli()))
		values = append(values, s.values[n])
	}
	return ids, values, nil
}

// The stream is read from its end, and no further than one request needs.
func TestStream(t *testing.T) {
	s := &stream{}
	for i := range 5000 {
		id := fmt.Sprintf("id-%04d", i/2)
		at := historytest.Start.Add(time.Duration(i) * time.Second)
		e := record.Entry{Attempt: new(historytest.Failed(id, 1, "peek_eof", 200))}
		e.Attempt.Time = at
		if i%2 == 1 {
			e = record.Entry{Request: new(historytest.Request(id, func(r *record.Request) { r.Time, r.Tried, r.Attempts[0].Number = at.Add(-time.Second), 2, 2 }))}
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		s.values = append(s.values, line)
	}
	source, err := ReadStream(t.Context(), s, "the stream", "id-2300", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tell(t, "id-2300", source); err != nil || !inOrder(got, "request id-2300", "attempt 1 at studio-1", "the provider's words", "attempt 2") {
		t.Errorf("%v\n%s", err, got)
	}
	if s.asked != 1 {
		t.Errorf("%d thousand entries were read for one of the last", s.asked)
	}
	source, err = ReadStream(t.Context(), s, "the stream", "none", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tell(t, "none", source); err == nil || !inOrder(err.Error(), "the stream, which reaches back to 2026-11-29") {
		t.Errorf("got %v", err)
	}
	s.asked = 0
	source, err = ReadStream(t.Context(), s, "the stream", "", historytest.Start.Add(4500*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := List(t.Context(), &out, io.Discard, source, history.Filter{Since: historytest.Start.Add(4990 * time.Second)}, 50, true); err != nil || strings.Count(out.String(), "\n") != 5 || s.asked != 1 {
		t.Errorf("%v, %d thousand read\n%s", err, s.asked, out.String())
	}
}
