package credential

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// endpoint is what a refresher asks: each call takes and answers what is set.
type endpoint struct {
	mu       sync.Mutex
	calls    int
	at       []time.Time
	takes    time.Duration
	lifetime time.Duration // 0: an hour
	fails    error
	same     bool // the token does not change
}

func (e *endpoint) fetch(ctx context.Context) (Token, error) {
	e.mu.Lock()
	e.calls++
	e.at = append(e.at, time.Now())
	n, takes, lifetime, fails := e.calls, e.takes, e.lifetime, e.fails
	if e.same {
		n = 0
	}
	e.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
	if lifetime == 0 {
		lifetime = time.Hour
	}
	return Token{account.NewSecret(fmt.Sprint("token-", n)), lifetime}, fails
}

func (e *endpoint) set(change func(*endpoint)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls
}

// start runs a refresher for the rest of a bubble.
func start(t *testing.T, e *endpoint) *Refresher {
	r := NewRefresher(e.fetch, nil)
	r.Start()
	t.Cleanup(r.Close)
	synctest.Wait()
	return r
}

func token(r *Refresher) string {
	s, _ := r.Token()
	return s.Reveal()
}

var (
	outage = &Failure{Text: "oauth2.googleapis.com answered 503"}
	denied = &Failure{Refused: true, Text: "oauth2.googleapis.com answered 400: invalid_grant"}
)

// A token is replaced between 50 and 80 % of its life, and at different times.
func TestTokensAreRefreshedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		r := start(t, e)
		first := token(r)
		time.Sleep(20 * time.Hour)
		if token(r) == first {
			t.Error("the token is the first one")
		}
		different := map[time.Duration]bool{}
		for i := range e.at[1:] {
			d := e.at[i+1].Sub(e.at[i])
			if d < 30*time.Minute || d > 48*time.Minute {
				t.Errorf("refreshed after %v of an hour", d)
			}
			different[d] = true
		}
		if len(different) < 10 {
			t.Errorf("%d different pauses in %d: replicas would ask at the same time", len(different), len(e.at))
		}
	})
}

// A thousand requests that find no token lead to one call.
func TestExpiryUnderLoadIsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		r := start(t, e)
		e.set(func(e *endpoint) { e.fails = outage })
		time.Sleep(time.Hour) // early refreshes fail, the token ends
		if _, ok := r.Token(); ok {
			t.Fatal("a token after its end")
		}
		e.set(func(e *endpoint) { e.takes, e.fails = time.Second, nil })
		before := e.count()
		var got atomic.Int64
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
				defer cancel()
				for r.Wait(ctx) != nil && ctx.Err() == nil { // the back-off may be longer than one wait
				}
				if _, ok := r.Token(); ok {
					got.Add(1)
				}
			})
		}
		all.Wait()
		if n := e.count() - before; n != 1 || got.Load() != 1000 {
			t.Errorf("%d calls, %d of 1000 have a token; want one call", n, got.Load())
		}
	})
}

// A slow endpoint is given up after fetchTimeout and asked again.
func TestSlowEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: time.Hour}
		r := start(t, e)
		time.Sleep(fetchTimeout + 2*time.Second)
		if e.count() != 2 || r.State().Failures != 1 {
			t.Errorf("%d calls, %+v", e.count(), r.State())
		}
		if why := r.Unusable(); !strings.HasPrefix(why, "no access token: ") {
			t.Errorf("unusable: %q", why)
		}
	})
}

// Outages are tried again soon, and the old token is used while it lives.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		r := start(t, e)
		first := token(r)
		e.set(func(e *endpoint) { e.fails = outage })
		time.Sleep(49 * time.Minute)
		s := r.State()
		if token(r) != first || r.Unusable() != "" || !s.Ready || s.Problem != outage.Text || s.Failures == 0 || s.Next.IsZero() {
			t.Errorf("during an outage: %q, %+v", r.Unusable(), s)
		}
		e.set(func(e *endpoint) { e.fails = nil })
		time.Sleep(outagePause[1])
		if s := r.State(); token(r) == first || s.Problem != "" || s.Failures != 0 || s.Tokens != 2 {
			t.Errorf("after an outage: %+v", s)
		}
		for i := 2; i < len(e.at); i++ {
			if d := e.at[i].Sub(e.at[i-1]); d < 750*time.Millisecond || d > outagePause[1] {
				t.Errorf("try %d came %v after the last", i, d)
			}
		}
	})
}

// A refused credential is retried slowly, reports it, and delays no request.
func TestRefusedCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{fails: denied}
		r := start(t, e)
		began := time.Now()
		if err := r.Wait(t.Context()); err == nil || time.Since(began) != 0 || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("waited %v: %v", time.Since(began), err)
		}
		if s := r.State(); s.Ready || !s.Refused || s.Next.Sub(began) < 45*time.Second {
			t.Errorf("%+v", s)
		}
		time.Sleep(24 * time.Hour)
		if n := e.count(); n < 24*4 || n > 24*6 {
			t.Errorf("%d calls in a day", n)
		}
		e.set(func(e *endpoint) { e.fails = nil })
		time.Sleep(deniedPause[1])
		if r.Unusable() != "" || r.State().Refused {
			t.Errorf("%+v", r.State())
		}
	})
}

// A token ends by the clock that runs evenly, and a new one is asked for at
// once, whatever the back-off.
func TestTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		r := start(t, e)
		began := time.Now()
		if s := r.State(); !s.Expires.Equal(began.Add(time.Hour)) {
			t.Errorf("expires %v after the beginning", s.Expires.Sub(began))
		}
		e.set(func(e *endpoint) { e.fails = denied })
		time.Sleep(time.Hour - margin - time.Nanosecond)
		synctest.Wait()
		if r.Unusable() != "" {
			t.Error("the token has ended early")
		}
		before := e.count()
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if r.Unusable() == "" || e.count() != before+1 {
			t.Errorf("at the end of the token: %q, %d calls", r.Unusable(), e.count()-before)
		}
	})
}

// Refused tokens lead to one fetch per 30 s, however many requests report them.
func TestRefusedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{same: true}
		r := start(t, e)
		bad, _ := r.Token()
		storm := func() {
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() { r.Refused(bad) })
			}
			all.Wait()
			synctest.Wait()
		}
		storm()
		if n := e.count(); n != 2 {
			t.Fatalf("%d calls, want the first and one more", n)
		}
		if r.State().Tokens != 1 || r.State().Renewed {
			t.Error("the same token counts as another")
		}
		for range 29 {
			time.Sleep(time.Second)
			storm()
		}
		if n := e.count(); n != 2 {
			t.Errorf("%d calls within 30 s, want 2", n)
		}
		e.set(func(e *endpoint) { e.same = false })
		time.Sleep(time.Second)
		storm()
		if n := e.count(); n != 3 || token(r) == bad.Reveal() || r.State().Tokens != 2 || !r.State().Renewed {
			t.Errorf("%d calls after 30 s, want 3", n)
		}
		time.Sleep(time.Minute)
		storm() // a late report about a token that is no longer used
		if n := e.count(); n != 3 {
			t.Errorf("%d calls for an old token", n)
		}
	})
}

// A metadata server hands out what is left of its token.
func TestShortLifetimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{lifetime: time.Second}
		r := start(t, e)
		if r.Unusable() != "" {
			t.Errorf("unusable: %q", r.Unusable())
		}
		time.Sleep(10 * time.Minute)
		if n := e.count(); n > 700 {
			t.Errorf("%d calls in ten minutes for tokens of a second", n)
		}
		e.set(func(e *endpoint) { e.lifetime = 8 * time.Second })
		time.Sleep(time.Minute)
		before := e.count()
		time.Sleep(10 * time.Minute)
		if n := e.count() - before; n < 60 || n > 125 {
			t.Errorf("%d calls in ten minutes for tokens of 8 s", n)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		NewRefresher(nil, nil).Close() // never started
		e := &endpoint{}
		r := start(t, e)
		r.Close()
		r.Close()
		if r.Unusable() != "" {
			t.Error("requests that run have lost their token")
		}
		time.Sleep(24 * time.Hour)
		if r.Unusable() == "" || e.count() != 1 {
			t.Errorf("a day after the end: %q, %d calls", r.Unusable(), e.count())
		}
		if err := r.Wait(t.Context()); err == nil {
			t.Error("a closed refresher without a token lets callers hope")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: time.Hour}
		r := start(t, e)
		began := time.Now()
		r.Close()
		if time.Since(began) != 0 {
			t.Errorf("Close waited %v for a fetch", time.Since(began))
		}
	})
}

// The scheduler is called for every token and every failure.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{fails: denied}
		var told []State
		r := NewRefresher(e.fetch, func(s State) { told = append(told, s) })
		r.Start()
		defer r.Close()
		synctest.Wait()
		e.set(func(e *endpoint) { e.fails = nil })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(told) != 2 || told[0].Ready || !told[0].Refused || !told[1].Ready || told[1].Tokens != 1 {
			t.Errorf("told %+v", told)
		}
		s := r.Status()
		if !s.Ready || s.Problem != "" || s.Refused || s.Fetched != 1 || s.Failed != 1 || s.Expires.IsZero() || !s.Next.Before(s.Expires) {
			t.Errorf("the status is %+v", s)
		}
	})
}

// A library that panics costs a try, not the process.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r := NewRefresher(func(context.Context) (Token, error) {
			if calls++; calls == 1 {
				panic("broken")
			}
			return Token{account.NewSecret("t"), time.Hour}, nil
		}, nil)
		r.Start()
		defer r.Close()
		synctest.Wait()
		if why := r.Unusable(); why != "no access token: panic: broken" {
			t.Errorf("unusable: %q", why)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if r.Unusable() != "" {
			t.Errorf("unusable: %q", r.Unusable())
		}
	})
}

func BenchmarkToken(b *testing.B) {
	r := NewRefresher(nil, nil)
	r.token.Store(&held{secret: account.NewSecret("t")})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := r.Token(); !ok {
				b.Fatal("no token")
			}
		}
	})
}
