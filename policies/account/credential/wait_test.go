package credential

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The first requests of a process wait for the first token.
func TestTheFirstTokenIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: 3 * time.Second}
		r := start(t, e)
		if why := r.Unusable(); why != "no access token yet" {
			t.Errorf("unusable: %q", why)
		}
		began := time.Now()
		if err := r.Wait(t.Context()); err != nil || time.Since(began) != 3*time.Second || r.Unusable() != "" {
			t.Errorf("waited %v, %v, unusable: %q", time.Since(began), err, r.Unusable())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{takes: time.Hour}
		r := start(t, e)
		began := time.Now()
		if err := r.Wait(t.Context()); err == nil || time.Since(began) != waitLimit {
			t.Errorf("waited %v, want %v and an error: %v", time.Since(began), waitLimit, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the error of the caller's context", err)
		}
	})
}

// A request whose token was refused waits for the next one, not for long.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		r := start(t, e)
		settle := func() time.Duration {
			began := time.Now()
			r.Settle(t.Context())
			return time.Since(began)
		}
		if d := settle(); d != 0 {
			t.Errorf("waited %v though no fetch runs", d)
		}
		for _, c := range []struct{ takes, want time.Duration }{{time.Second, time.Second}, {time.Minute, settleLimit}} {
			e.set(func(e *endpoint) { e.takes = c.takes })
			before, _ := r.Token()
			r.Refused(before)
			if d := settle(); d != c.want {
				t.Errorf("waited %v for a fetch of %v, want %v", d, c.takes, c.want)
			}
			if changed := token(r) != before.Reveal(); changed != (c.takes == c.want) {
				t.Errorf("a fetch of %v: another token: %v", c.takes, changed)
			}
			time.Sleep(refusedPause)
		}
	})
}
