package history

import (
	"context"

	"github.com/heald-proxy/heald/policies/record"
)

// Sink is the [record.Sink] that passes records on to a recorder, for the queue
// before a Memory: requests hand over their records without waiting for a lock.
type Sink struct{ To record.Recorder }

// Write passes all records on. It does not fail.
func (s Sink) Write(_ context.Context, entries []record.Entry) error {
	for _, e := range entries {
		s.tell(e)
	}
	return nil
}

func (s Sink) tell(e record.Entry) {
	if e.Attempt != nil {
		s.To.Attempt(*e.Attempt)
	}
	if e.Request != nil {
		s.To.Request(*e.Request)
	}
}

// Close does nothing.
func (Sink) Close() error { return nil }
