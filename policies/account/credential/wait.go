package credential

import (
	"context"
	"errors"
	"time"
)

const (
	// waitLimit bounds how long a caller waits for a token.
	waitLimit = 10 * time.Second
	// settleLimit bounds how long a request waits for the token after the one
	// that was refused.
	settleLimit = 3 * time.Second
)

// Wait returns once there is a token. It waits at most 10 s, and not at all
// where the provider has refused the credential.
func (r *Refresher) Wait(ctx context.Context) error {
	if _, ok := r.Token(); ok {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, waitLimit, errNotInTime)
	defer cancel()
	for {
		r.mu.Lock()
		refused, news := r.state.Refused, r.news
		r.mu.Unlock()
		if _, ok := r.Token(); ok {
			return nil
		}
		if refused {
			return errors.New(r.Unusable())
		}
		select {
		case <-news:
		case <-r.done:
			return errors.New(r.Unusable())
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, errNotInTime) {
				return cause
			}
			return errors.New(r.Unusable())
		}
	}
}

// answered returns once a fetch has ended, successfully or not, or with ctx.
func (r *Refresher) answered(ctx context.Context) {
	r.mu.Lock()
	s, news := r.state, r.news
	r.mu.Unlock()
	if s.Tokens > 0 || s.Failures > 0 {
		return
	}
	r.untilNews(ctx, news)
}

// Settle returns once a running or requested fetch has ended, after 3 s at
// most, so that a request whose token was refused is retried with the next one.
func (r *Refresher) Settle(ctx context.Context) {
	r.mu.Lock()
	running, news := r.state.Next.IsZero(), r.news
	r.mu.Unlock()
	if running {
		ctx, cancel := context.WithTimeout(ctx, settleLimit)
		defer cancel()
		r.untilNews(ctx, news)
	}
}

func (r *Refresher) untilNews(ctx context.Context, news chan struct{}) {
	select {
	case <-news:
	case <-r.done:
	case <-ctx.Done():
	}
}

var errNotInTime = errors.New("no access token in time")
