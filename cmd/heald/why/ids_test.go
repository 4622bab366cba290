package why

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// What stands in the middle of a newer request's id does not end the search for the
// request whose id begins with it.
func TestBeginningOfAnIDInTheStream(t *testing.T) {
	s := &stream{}
	for i := range 3000 {
		id := map[int]string{500: "9F1C2a34-0000", 2900: "11111111-9f1c-4000"}[i]
		if id == "" {
			id = fmt.Sprintf("%08x-0000", i)
		}
		line, err := json.Marshal(record.Entry{Request: new(historytest.Request(id, func(r *record.Request) { r.Time = historytest.Start.Add(time.Duration(i) * time.Second) }))})
		if err != nil {
			t.Fatal(err)
		}
		s.values = append(s.values, line)
	}
	for _, id := range []string{"9F1C2a34-0000", "9f1c2A34", "9f1c"} {
		source, err := ReadStream(t.Context(), s, "the stream", id, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tell(t, id, source); err != nil || !inOrder(got, "request 9F1C2a34-0000") {
			t.Errorf("%s: %v\n%s", id, err, got)
		}
	}
}

func TestIDsOfAnyCase(t *testing.T) {
	const id = "0AF76519"
	if got, err := tell(t, id, logOf(t, aLog, id)); err != nil || !inOrder(got, "request id-1") {
		t.Errorf("%v\n%s", err, got)
	}
}

// A short id is refused before anything is read.
func TestShortID(t *testing.T) {
	w := Where{Logs: []string{"-"}}
	_, err := w.Open(t.Context(), iotest.ErrReader(errors.New("the log was read")), "id-", time.Time{})
	if _, ok := errors.AsType[*Wrong](err); !ok || !inOrder(err.Error(), `"id-" is too short`, "write 4") {
		t.Errorf("got %v", err)
	}
}

// Clients choose ids, and a terminal obeys what stands in them.
func TestIDsMoveNoCursor(t *testing.T) {
	m := newTold("the log")
	m.Request(historytest.Request("abcd\u009b2J"))
	m.Request(historytest.Request("abcd2"))
	if _, err := tell(t, "abcd", m); err == nil || strings.ContainsRune(err.Error(), '\u009b') || !inOrder(err.Error(), "several requests") {
		t.Errorf("got %q", err)
	}
}
