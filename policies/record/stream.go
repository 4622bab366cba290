package record

import (
	"context"
	"encoding/json"
)

// Appender is a store with streams, such as Redis.
type Appender interface {
	// Append adds one entry per value to a stream, in one round trip, each
	// under the field "record". The store bounds the stream's length.
	Append(ctx context.Context, stream string, values ...[]byte) error
}

// UsageStream is the stream's name in the shared store.
const UsageStream = "h1:usage"

// Stream is the sink that writes to a stream of a store.
type Stream struct {
	to Appender
}

// NewStream makes a sink; the store stays its owner's.
func NewStream(to Appender) *Stream { return &Stream{to} }

// Write appends the records as JSON.
func (s *Stream) Write(ctx context.Context, entries []Entry) error {
	values := make([][]byte, 0, len(entries))
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		values = append(values, line)
	}
	return s.to.Append(ctx, UsageStream, values...)
}

// Close does nothing.
func (s *Stream) Close() error { return nil }
