package credential

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

// Set keeps the refreshers of a process over reloads of its configuration.
// Accounts with the same credential share one.
type Set struct {
	client  *http.Client
	changed func(*Refresher, State)

	mu      sync.Mutex
	closed  bool
	running map[[sha256.Size]byte]*Refresher
}

// NewSet makes an empty set. changed, if not nil, is called as by NewRefresher.
func NewSet(client *http.Client, changed func(*Refresher, State)) *Set {
	return &Set{client: client, changed: changed, running: map[[sha256.Size]byte]*Refresher{}}
}

// Generation is the refreshers of one configuration, before Take.
type Generation struct {
	set  *Set
	next map[[sha256.Size]byte]*Refresher
}

// Prepare begins a configuration. Nothing is started or ended before Take.
func (s *Set) Prepare() *Generation {
	return &Generation{set: s, next: map[[sha256.Size]byte]*Refresher{}}
}

// Refresher returns the refresher of a source: the running one of the same
// credential, with its token, or a new one.
func (g *Generation) Refresher(source *Source) *Refresher {
	if r := g.next[source.sum]; r != nil {
		return r
	}
	g.set.mu.Lock()
	r := g.set.running[source.sum]
	g.set.mu.Unlock()
	if r == nil {
		r = g.set.refresher(source)
	}
	g.next[source.sum] = r
	return r
}

func (s *Set) refresher(source *Source) *Refresher {
	var r *Refresher
	r = NewRefresher(
		func(ctx context.Context) (Token, error) { return source.Fetch(ctx, s.client) },
		func(st State) {
			if s.changed != nil {
				s.changed(r, st)
			}
		})
	r.quota = source.quota
	return r
}

// firstWait bounds how long Take waits for tokens.
const firstWait = 5 * time.Second

// Take starts what is new and makes it the running configuration. It returns
// once each new credential has had its first answer, or after 5 s: requests that
// come then find a token. retire ends what is no longer configured; it is called
// when no new request can get it.
//
// Between Prepare and retire of one generation no other is prepared.
func (g *Generation) Take() (retire func()) {
	s := g.set
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return func() {}
	}
	old, fresh := s.running, []*Refresher{}
	s.running = g.next
	for sum, r := range g.next {
		if old[sum] == nil {
			r.Start()
			fresh = append(fresh, r)
		}
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), firstWait)
	defer cancel()
	for _, r := range fresh {
		r.answered(ctx)
	}
	return func() {
		for sum, r := range old {
			if g.next[sum] == nil {
				r.Close()
			}
		}
	}
}

// Close ends all refreshers and waits for them; Take does nothing from then on.
func (s *Set) Close() {
	s.mu.Lock()
	old := s.running
	s.running, s.closed = nil, true
	s.mu.Unlock()
	for _, r := range old {
		r.Close()
	}
}
