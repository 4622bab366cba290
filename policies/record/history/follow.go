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
	// Followers bounds the subscriptions at a time.
	Followers = 32
	// eventsKept bounds the events that wait for a slow subscriber.
	eventsKept = 256
)

// ErrTooMany reports that there are Followers subscriptions already.
var ErrTooMany = errors.New("too many follow the requests already")

// Follower is a Store that publishes requests as they come. Other stores are
// polled.
type Follower interface {
	// Follow tells of the requests that f asks for, from now on. Whoever follows
	// closes the subscription.
	Follow(f Filter) (*Subscription, error)
}

// Hub publishes requests to subscribers. It never waits for them: slow ones lose
// events. Its zero value has no subscribers. It has no goroutine.
type Hub struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

var _ Follower = (*Hub)(nil)

// Subscription is one subscriber's queue.
type Subscription struct {
	hub    *Hub
	filter Filter // its text is in lower case
	events chan Item
	lost   atomic.Int64
}

// Event is a request that has ended, or an update of one; or it says that events
// were lost, and the item is empty.
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

// Publish sends a request to the subscriptions that match.
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
