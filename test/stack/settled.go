package stack

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Settle waits until nothing runs any more: no request at a fake, no stream at
// a replica, no request in Envoy. What stays is a leak.
func (s *Stack) Settle() {
	s.t.Helper()
	if err := s.Settled(); err != nil {
		s.t.Error(err)
	}
}

// Settled is Settle for those who report a leak themselves.
func (s *Stack) Settled() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for name, f := range s.Fakes {
		if err := f.WaitIdle(ctx); err != nil {
			return fmt.Errorf("fake %s: %d requests still run", name, f.Active())
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		open := 0.0
		for _, r := range s.Replicas {
			if !r.ended() {
				open += r.Metric("heald_streams_active")
			}
		}
		active, err := s.Envoy.ActiveRequests(ctx)
		if err == nil && open == 0 && active == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("still running: %v streams, %d requests in Envoy (%w)", open, active, errors.Join(err, ctx.Err()))
		}
	}
}
