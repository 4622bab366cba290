package credential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// fetchTimeout bounds one fetch with all its calls.
	fetchTimeout = 30 * time.Second
	// leastPause is the least time between two fetches that the clock asks for:
	// a metadata server hands out what is left of its token, down to minutes.
	leastPause = 5 * time.Second
	// margin is how long before its end a token is no longer sent: it must be
	// valid until the provider has checked it.
	margin = 10 * time.Second
	// refusedPause is the least time between two fetches that refused tokens
	// ask for: one bad grant must not become a token call per request.
	refusedPause = 30 * time.Second
)

// Pauses after fetches that failed: doubled each time, up to the second.
var (
	outagePause = [2]time.Duration{time.Second, 30 * time.Second}
	deniedPause = [2]time.Duration{time.Minute, 15 * time.Minute}
)

// State is the status of a credential.
type State struct {
	// Ready says that there is a token to send.
	Ready bool `json:"ready"`
	// Expires is when the token ends; zero if there is none.
	Expires time.Time `json:"expires,omitzero"`
	// Tokens counts the different tokens fetched.
	Tokens int `json:"tokens"`
	// Renewed says that the last fetch brought another token: cooldowns of the one
	// before are over.
	Renewed bool `json:"-"`
	// Problem is why the last fetch failed, without secrets; "" if it did not.
	// With Ready, the old token is still used.
	Problem string `json:"problem,omitempty"`
	// Refused says that the provider does not want the credential.
	Refused bool `json:"refused,omitempty"`
	// Failures counts fetches that failed in a row.
	Failures int `json:"failures,omitempty"`
	// Fetched and Failed count all fetches, by how they ended.
	Fetched int64 `json:"fetched"`
	Failed  int64 `json:"failed"`
	// Next is when the next fetch begins; zero while one runs or is about to.
	Next time.Time `json:"next,omitzero"`
}

// Refresher keeps a token of one credential fresh. One goroutine fetches, so
// there is never more than one call at a time, however many wait.
//
//	starting ─token→ ready ─fetch fails→ ready, with a problem
//	   └─fetch fails→ without ←─token ends──┘   └─token→ ready
//
// Its goroutine begins with Start and ends with Close.
type Refresher struct {
	fetch   func(context.Context) (Token, error)
	changed func(State) // nil: not called
	quota   account.Secret

	token atomic.Pointer[held]
	wake  chan struct{} // holds one: fetch now

	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	state   State          // Ready and Expires are those of token
	last    account.Secret // token, its end or not
	news    chan struct{}  // closed at the next change of state
	refusal time.Time      // when a refused token last asked for a fetch
}

var _ account.Tokens = (*Refresher)(nil)

// held is a token with what is needed to send and to end it.
type held struct {
	secret  account.Secret
	expires time.Time
}

// NewRefresher makes a refresher. fetch is called by its goroutine alone.
// changed, if not nil, is called for each token and each failed fetch, by the
// same goroutine: it must not wait for the refresher.
func NewRefresher(fetch func(context.Context) (Token, error), changed func(State)) *Refresher {
	return &Refresher{fetch: fetch, changed: changed, wake: make(chan struct{}, 1), done: make(chan struct{}), news: make(chan struct{})}
}

// Start begins fetching. It is called at most once.
func (r *Refresher) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.run(ctx) // ends with Close, which waits for it
}

// Close ends fetching and waits until it has ended. The token stays readable
// until its end: requests that run were given this refresher. It does nothing
// if the refresher was not started.
func (r *Refresher) Close() {
	if r.cancel != nil {
		r.cancel()
		<-r.done
	}
}

// Token returns the token to send. It never blocks; ok is false if there is
// none.
func (r *Refresher) Token() (secret account.Secret, ok bool) {
	if h := r.token.Load(); h != nil {
		return h.secret, true
	}
	return account.Secret{}, false
}

// QuotaProject is that of the source; see [Source.QuotaProject].
func (r *Refresher) QuotaProject() account.Secret { return r.quota }

// Unusable says why there is no token; "" means that there is one.
func (r *Refresher) Unusable() string {
	if r.token.Load() != nil {
		return ""
	}
	s := r.State()
	switch {
	case s.Refused:
		return "the provider refuses the credential: " + s.Problem
	case s.Problem != "":
		return "no access token: " + s.Problem
	}
	return "no access token yet"
}

// State returns the status of the credential.
func (r *Refresher) State() State {
	h := r.token.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	if s.Ready = h != nil; s.Ready {
		s.Expires = h.expires
	}
	return s
}

// Status is State in the form of package account.
func (r *Refresher) Status() account.TokenStatus {
	s := r.State()
	return account.TokenStatus{
		Ready: s.Ready, Expires: s.Expires, Problem: s.Problem, Refused: s.Refused, Next: s.Next, Fetched: s.Fetched, Failed: s.Failed,
	}
}

// Refused is called when the provider answered 401 to a token. If that is still
// the current one, another is fetched, at most once per 30 s.
func (r *Refresher) Refused(secret account.Secret) {
	if h := r.token.Load(); h == nil || h.secret != secret {
		return
	}
	r.mu.Lock()
	now := time.Now()
	soon := !r.refusal.IsZero() && now.Sub(r.refusal) < refusedPause
	if !soon {
		r.refusal = now
		r.state.Next = time.Time{}
	}
	r.mu.Unlock()
	if !soon {
		r.fetchNow()
	}
}

func (r *Refresher) fetchNow() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// run fetches until ctx ends.
func (r *Refresher) run(ctx context.Context) {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
		began := time.Now()
		r.begin()
		tok, err := r.try(ctx)
		if ctx.Err() != nil {
			return
		}
		timer.Reset(r.take(began, tok, err))
		if r.changed != nil {
			r.changed(r.State())
		}
	}
}

// begin notes that a fetch runs.
func (r *Refresher) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Next = time.Time{}
	// A token that ends during the fetch asks for none of its own.
	select {
	case <-r.wake:
	default:
	}
}

// try fetches once. A panic of a library is a failure: the process has other
// accounts.
func (r *Refresher) try(ctx context.Context) (tok Token, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &Failure{Text: "panic: " + redact.Text(fmt.Sprint(p))}
		}
	}()
	return r.fetch(ctx)
}

// take notes the outcome of a fetch and returns the pause until the next one.
func (r *Refresher) take(began time.Time, tok Token, err error) (pause time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A token also satisfies a request to fetch that came during the fetch; after
	// a failure, back-off decides.
	select {
	case <-r.wake:
	default:
	}
	if s := &r.state; err == nil {
		pause = max(jittered(tok.Lifetime, 0.5, 0.8), leastPause)
		s.Problem, s.Refused, s.Failures = "", false, 0
		s.Fetched++
		if s.Renewed = tok.Secret != r.last; s.Renewed {
			s.Tokens++
		}
		r.last = tok.Secret
		r.hold(tok, began)
	} else {
		var f *Failure
		if !errors.As(err, &f) {
			f = &Failure{Text: clean(err.Error())}
		}
		bounds := outagePause
		if f.Refused {
			bounds = deniedPause
		}
		pause = jittered(min(bounds[0]<<min(s.Failures, 20), bounds[1]), 0.75, 1)
		s.Problem, s.Refused, s.Renewed = f.Text, f.Refused, false
		s.Failures++
		s.Failed++
	}
	r.state.Next = time.Now().Add(pause)
	close(r.news)
	r.news = make(chan struct{})
	return pause
}

// hold makes a token the current one until its end.
func (r *Refresher) hold(tok Token, began time.Time) {
	left := tok.Lifetime - time.Since(began)
	h := &held{secret: tok.Secret, expires: began.Add(tok.Lifetime)}
	r.token.Store(h)
	// A timer, so that readers need not read the clock. It outlives Close, at most
	// until the token's end, and holds nothing but the refresher.
	time.AfterFunc(left-min(margin, tok.Lifetime/10), func() {
		if r.token.CompareAndSwap(h, nil) {
			r.ended()
		}
	})
}

// ended starts a fetch when a token has ended, whatever the back-off says.
func (r *Refresher) ended() { r.fetchNow() }

// jittered is a random share of d.
func jittered(d time.Duration, from, to float64) time.Duration {
	return time.Duration(float64(d) * (from + (to-from)*rand.Float64()))
}
