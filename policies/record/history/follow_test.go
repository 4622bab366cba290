package history_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

func follow(t *testing.T, s history.Follower, f history.Filter) *history.Subscription {
	t.Helper()
	sub, err := s.Follow(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return sub
}

func next(t *testing.T, s *history.Subscription) history.Event {
	t.Helper()
	e, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Who follows is told of the requests asked for, and again when more is known of
// one.
func TestFollow(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	m.Request(historytest.Request("before"))
	everything, failed, words := follow(t, m, history.Filter{}), follow(t, m, history.Filter{Outcomes: []string{"failed"}}), follow(t, m, history.Filter{Text: "Provider's"})
	m.Request(historytest.Request("id-1", func(r *record.Request) { r.Tried, r.Attempts[0].Number = 2, 2 }))
	m.Request(historytest.Request("id-2", func(r *record.Request) { r.Outcome = "failed" }))
	m.Attempt(historytest.Failed("id-1", 1, "peek_eof", 200))
	for i, want := range []string{"id-1", "id-2", "id-1"} {
		if e := next(t, everything); e.Item.RequestID != want || e.Lost != 0 || i == 2 && len(e.Item.Attempts) != 2 {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if e := next(t, failed); e.Item.RequestID != "id-2" {
		t.Errorf("%+v", e)
	}
	if e := next(t, words); e.Item.RequestID != "id-1" {
		t.Errorf("%+v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := failed.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Who reads slowly loses events, is told how many, and keeps nobody waiting.
func TestFollowSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := history.NewMemory(history.MemoryOptions{})
		sub := follow(t, m, history.Filter{})
		const told = 1000
		for i := range told {
			m.Request(historytest.Request(fmt.Sprint(i)))
		}
		got, lost := 0, 0
		for got+lost < told {
			e := next(t, sub)
			lost += e.Lost
			if e.Lost == 0 {
				got++
			}
		}
		if got != 256 || lost != told-256 {
			t.Errorf("got %d, lost %d", got, lost)
		}
		m.Request(historytest.Request("later"))
		if e := next(t, sub); e.Item.RequestID != "later" {
			t.Errorf("%+v", e)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if e, err := sub.Next(ctx); err == nil {
			t.Errorf("%+v", e)
		}
	})
}

// So many may follow; whoever leaves makes room.
func TestFollowersAreBounded(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	var subs []*history.Subscription
	for range history.Followers {
		subs = append(subs, follow(t, m, history.Filter{}))
	}
	if _, err := m.Follow(history.Filter{}); !errors.Is(err, history.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	subs[3].Close()
	subs[3].Close()
	follow(t, m, history.Filter{})
}

// A store of another kind uses a Hub of its own.
func TestHub(t *testing.T) {
	var h history.Hub
	h.Publish(history.Item{}) // nobody listens
	sub := follow(t, &h, history.Filter{Text: "ID-1"})
	h.Publish(history.Item{Request: historytest.Request("id-2")})
	h.Publish(history.Item{Request: historytest.Request("id-1")})
	if e := next(t, sub); e.Item.RequestID != "id-1" {
		t.Errorf("%+v", e)
	}
}
