package why

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/file"
	"github.com/heald-proxy/heald/policies/record/history"
)

// The lines of heald's log that are records.
const (
	attemptLine = "attempt finished"
	requestLine = "request finished"
)

// Bounds of what is remembered of a log or a stream: the newest requests.
const (
	mostRequests = 100_000
	mostBytes    = 512 << 20
)

// told is a source that is filled one record after the other.
type told struct {
	*history.Memory
	name     string
	attempts map[string][]record.Attempt // of requests that have not ended
	oldest   time.Time
	records  int
}

func newTold(name string) *told {
	return &told{Memory: history.NewMemory(history.MemoryOptions{Requests: mostRequests, Bytes: mostBytes}), name: name, attempts: map[string][]record.Attempt{}}
}

// mostOpen bounds the requests that have not ended.
const mostOpen = 10_000

func (t *told) tell(e record.Entry) {
	var o *record.Origin
	switch {
	case e.Attempt != nil:
		o = &e.Attempt.Origin
		if list := t.attempts[o.RequestID]; len(list) < record.AttemptsKept && (len(t.attempts) < mostOpen || list != nil) {
			t.attempts[o.RequestID] = append(list, *e.Attempt)
		}
		t.Attempt(*e.Attempt)
	case e.Request != nil:
		o = &e.Request.Origin
		delete(t.attempts, o.RequestID)
		t.Request(*e.Request)
	default:
		return
	}
	t.records++
	if t.oldest.IsZero() || o.Time.Before(t.oldest) {
		t.oldest = o.Time
	}
}

func (t *told) Name() string { return t.name }

func (t *told) Get(ctx context.Context, id string) (history.Item, error) {
	item, err := t.Memory.Get(ctx, id)
	if errors.Is(err, history.ErrNotFound) {
		return unfinished(t.attempts[id], nil)
	}
	return item, err
}

func (t *told) Reach(context.Context) string {
	if t.records == 0 {
		return "has none of heald's lines about requests"
	}
	return since(t.oldest)
}

// read reads JSON lines of heald's log, of files of records, or both mixed, and
// ignores everything else: other lines, and text before the JSON such as the names
// of pods. only, if it is not "", is an id: of lines without it only the first is
// read, to say how far back they reach.
func (t *told) read(ctx context.Context, in io.Reader, name, only string) error {
	for line, err := range file.Lines(in) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if line.Number%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !isRecord(line.Text) {
			continue
		}
		wanted := mentions(line.Text, only)
		if !wanted && t.records > 0 {
			continue
		}
		e, ok := entryOf(line.Text)
		switch {
		case ok && wanted:
			t.tell(e)
		case ok:
			t.records, t.oldest = 1, originOf(e).Time
		}
	}
	return nil
}

// mentions reports whether a line has an id in it, whatever the case of its letters.
// "" is in every line.
func mentions(line []byte, id string) bool {
	return id == "" || bytes.Contains(bytes.ToLower(line), bytes.ToLower([]byte(id)))
}

func originOf(e record.Entry) *record.Origin {
	if e.Attempt != nil {
		return &e.Attempt.Origin
	}
	return &e.Request.Origin
}

// isRecord reports whether a line may be a record, without decoding it.
func isRecord(text []byte) bool {
	return bytes.Contains(text, []byte(`"`+attemptLine+`"`)) || bytes.Contains(text, []byte(`"`+requestLine+`"`)) || bytes.Contains(text, []byte(`"record"`))
}

// entryOf reads a line. Lines of the log have the names of fields that records
// have, but their time is that of the end.
func entryOf(text []byte) (e record.Entry, ok bool) {
	start := bytes.IndexByte(text, '{')
	if start < 0 {
		return e, false
	}
	text = text[start:]
	var head struct {
		Message string    `json:"msg"`
		Record  string    `json:"record"`
		Time    time.Time `json:"time"`
	}
	if json.Unmarshal(text, &head) != nil {
		return e, false
	}
	switch {
	case head.Message == attemptLine:
		e.Attempt = &record.Attempt{}
		ok = json.Unmarshal(text, e.Attempt) == nil
		e.Attempt.Time = head.Time.Add(-time.Duration(e.Attempt.Duration))
	case head.Message == requestLine:
		e.Request = &record.Request{}
		ok = json.Unmarshal(text, e.Request) == nil
		e.Request.Time = head.Time.Add(-time.Duration(e.Request.Duration))
	case head.Record != "":
		ok = json.Unmarshal(text, &e) == nil
	}
	e.Bound()
	return e, ok
}
