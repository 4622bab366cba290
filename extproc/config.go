package extproc

import (
	"errors"
	"fmt"
	"time"
)

// Config configures the server. The zero value works.
type Config struct {
	// MaxBody is the longest request body in bytes; 0 means 32 MiB. The policy
	// refuses longer ones; the server only accepts such messages, and collects
	// no more if bodies come in parts. With BUFFERED bodies Envoy's
	// request_body_buffer_limit should not be larger: a body without
	// content-length that exceeds it by more than MessageSlack breaks the
	// stream, and Envoy retries in vain.
	MaxBody int
	// MaxStreams bounds the streams of one connection; 0 means 10,000. Envoy
	// opens another connection beyond it.
	MaxStreams uint32
	// KeepaliveMinTime is the shortest interval at which Envoy may ping the
	// connection; 0 means 10 s. gRPC's own default of 5 min drops connections
	// of an Envoy with the usual connection_keepalive of 30 s.
	KeepaliveMinTime time.Duration
	// KeepaliveTime is how long a connection may be silent until the server
	// pings it; 0 means 30 s. Without pings, an Envoy whose host has vanished is
	// not noticed: its streams, and what they hold, would stay.
	KeepaliveTime time.Duration
	// KeepaliveTimeout is how long the answer to a ping may take; 0 means 20 s,
	// gRPC's own default. An Envoy that late serves nobody.
	KeepaliveTimeout time.Duration
	// StreamWindow and ConnectionWindow are HTTP/2 flow-control windows in
	// bytes; 0 means 1 MiB and 8 MiB. They bound how much one slow client lets
	// accumulate here. Below 64 KiB gRPC ignores them.
	StreamWindow     int32
	ConnectionWindow int32
	// DrainGrace is the time between announcing NOT_SERVING and refusing new
	// streams; 0 means 0.8 s. If it is shorter than Envoy's health-check
	// interval, requests are lost.
	DrainGrace time.Duration
}

// MessageSlack is what a message may hold beside the body: headers,
// attributes, framing. Envoy's own limit on headers is far below.
const MessageSlack = 1 << 20

// Validate lists every setting that cannot work.
func (c *Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max_body", int64(c.MaxBody)},
		{"keepalive_min_time", int64(c.KeepaliveMinTime)},
		{"keepalive_time", int64(c.KeepaliveTime)},
		{"keepalive_timeout", int64(c.KeepaliveTimeout)},
		{"stream_window", int64(c.StreamWindow)},
		{"connection_window", int64(c.ConnectionWindow)},
		{"drain_grace", int64(c.DrainGrace)},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("extproc.%s: %d is negative; leave it out for the default", f.name, f.value))
		}
	}
	if c.MaxBody > 1<<30 {
		errs = append(errs, fmt.Errorf("extproc.max_body: %d bytes; a gRPC message holds at most 1 GiB", c.MaxBody))
	}
	return errors.Join(errs...)
}

// withDefaults returns c with zero values replaced.
func (c Config) withDefaults() Config {
	c.MaxBody = orDefault(c.MaxBody, 32<<20)
	c.MaxStreams = orDefault(c.MaxStreams, 10_000)
	c.KeepaliveMinTime = orDefault(c.KeepaliveMinTime, 10*time.Second)
	c.KeepaliveTime = orDefault(c.KeepaliveTime, 30*time.Second)
	c.KeepaliveTimeout = orDefault(c.KeepaliveTimeout, 20*time.Second)
	c.StreamWindow = orDefault(c.StreamWindow, 1<<20)
	c.ConnectionWindow = orDefault(c.ConnectionWindow, 8<<20)
	c.DrainGrace = orDefault(c.DrainGrace, 800*time.Millisecond)
	return c
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
