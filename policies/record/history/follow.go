package history

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of a Hub.
const (
	// Followers is how many may follow at the same time.
	Followers = 32
	// eventsKept is how many events wait for one that is slow.
	eventsKept = 256
)

// ErrTooMany says that Followers follow already.
var ErrTooMany = errors.New("too many follow the requests already")

// Follower is a Store that tells of requests as they come. Others are asked again
// and again.
type Follower interface {
	// Follow tells of the requests that f asks for, from now on. Whoever follows
	// closes the subscription.
	Follow(f Filter) (*Subscription, error)
}

// Hub tells those who follow. It never waits for them: who is slow loses events.
// Its zero value tells nobody yet. It has no goroutine.
type Hub struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

var _ Follower = (*Hub)(nil)

// Subscription is one who follows.
type Subscription struct {
	hub    *Hub
	filter Filter // its text is in lower case
	events chan Item
	lost   atomic.Int64
}

// Event is a request that has ended, or one that is known but of which more was
// told; or that some were lost, and the item is empty.
type Event struct {
	Item Item
	Lost int
}

// Follow implements Follower.
func (h *Hub) Follow(f Filter) (*Subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) >= Followers {
		return nil, ErrTooMany
	}
	if h.subs == nil {
		h.subs = map[*Subscription]struct{}{}
	}
	f.Text = strings.ToLower(f.Text)
	s := &Subscription{hub: h, filter: f, events: make(chan Item, eventsKept)}
	h.subs[s] = struct{}{}
	return s, nil
}

// Publish tells those who asked for it of a request.
func (h *Hub) Publish(item Item) {
	h.mu.Lock()
	idle := len(h.subs) == 0
	h.mu.Unlock()
	if !idle {
		h.publish(item, Words(&item.Request))
	}
}

// publish is Publish for a request whose words are known.
func (h *Hub) publish(item Item, words string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		if !s.filter.matchFields(&item.Request) || s.filter.Text != "" && !strings.Contains(words, s.filter.Text) {
			continue
		}
		select {
		case s.events <- item:
		default:
			s.lost.Add(1)
		}
	}
}

// Next waits for the next event. Its error is that of ctx.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	if n := s.lost.Swap(0); n > 0 {
		return Event{Lost: int(n)}, nil
	}
	select {
	case item := <-s.events:
		return Event{Item: item}, nil
	case <-ctx.Done():
		return Event{}, ctx.Err()
	}
}

// Close ends the subscription; it may be called more than once.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
}
