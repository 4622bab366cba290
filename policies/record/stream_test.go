package record

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
)

// fakeStore is a store with one stream.
type fakeStore struct {
	stream string
	values [][]byte
	calls  int
	err    error
}

func (s *fakeStore) Append(_ context.Context, stream string, values ...[]byte) error {
	s.calls++
	s.stream = stream
	s.values = append(s.values, values...)
	return s.err
}

func TestStream(t *testing.T) {
	store := &fakeStore{}
	q, dropped := newQueue(t, NewStream(store), 10)
	a := sampleAttempt()
	q.Attempt(a)
	q.Request(Request{Outcome: "passed"})
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if store.stream != "h1:usage" || len(store.values) != 2 || dropped() != 0 {
		t.Fatalf("%d values in %q", len(store.values), store.stream)
	}
	var e Entry
	if err := json.Unmarshal(store.values[0], &e); err != nil || e.Attempt.Account != a.Account {
		t.Errorf("%s: %v", store.values[0], err)
	}

	store = &fakeStore{err: errors.New("no connection")}
	q, dropped = newQueue(t, NewStream(store), 10)
	q.Attempt(a)
	if err := q.Close(t.Context()); !errors.Is(err, store.err) || dropped() != 1 || store.calls != 1 {
		t.Errorf("%v; %v dropped in %d calls", err, dropped(), store.calls)
	}
}
