package state

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// rejoins asks a store that went down until it answers.
func (g *Guard) rejoins(ctx context.Context) {
	for {
		select {
		case <-g.wake:
		case <-ctx.Done():
			return
		}
		start := time.Now()
		for pause := g.cfg.Pause; !g.rejoin(ctx, pause); pause = min(2*pause, g.cfg.LongestPause) {
			if ctx.Err() != nil {
				return
			}
		}
		g.cfg.Log.Info("the shared store answers again", zap.Int64("after_ms", time.Since(start).Milliseconds()))
	}
}

// rejoin waits, then reports whether the store answers and knows what this
// replica holds. Between the two nothing is taken locally: for one round trip.
func (g *Guard) rejoin(ctx context.Context, pause time.Duration) bool {
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return false
	}
	ask := func(what func(context.Context) error) bool {
		limited, cancel := context.WithTimeout(ctx, g.cfg.Rejoin)
		defer cancel()
		return what(limited) == nil
	}
	if !ask(func(ctx context.Context) error { _, err := g.remote.Get(ctx, Key{Space: Attempts}); return err }) {
		return false
	}
	g.freeze(true)
	defer g.freeze(false)
	if !ask(g.remote.Rejoin) {
		g.remote.Alone()
		g.mu.Lock()
		g.since = g.cfg.Now() // it may have arrived: the others no longer leave this replica its part
		g.keepLess()
		g.mu.Unlock()
		return false
	}
	g.mu.Lock()
	g.down, g.misses, g.unheard, g.knows, g.since, g.back = false, 0, 0, "", g.cfg.Now(), time.Now()
	late := append(g.letGo(), g.owed()...)
	g.mu.Unlock()
	g.cfg.Metrics.setUp(true)
	g.tell(ctx, late)
	return true
}

// freeze forbids or allows taking locally.
func (g *Guard) freeze(on bool) {
	g.deciding.Lock()
	defer g.deciding.Unlock()
	g.frozen = on
}
