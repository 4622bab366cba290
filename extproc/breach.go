package extproc

import (
	"errors"
	"fmt"

	"github.com/heald-proxy/heald/policies"
)

// kind is the kind of a protocol breach; it is the metric label.
type kind string

const (
	// wrongMode: the filter's body modes cannot work with heald.
	wrongMode kind = "wrong_mode"
	// undrawn: a message or an action that the current state does not allow.
	undrawn kind = "undrawn"
	// badAction: an action of the attempt that cannot be carried out.
	badAction kind = "bad_action"
	// tooLarge: a message, or a body in parts, longer than the server accepts.
	tooLarge kind = "too_large"
)

var kinds = []kind{wrongMode, undrawn, badAction, tooLarge}

// Reasons of the faults that this package passes to Policy.Refuse. They are log
// words and metric labels like those of policies/heal.
const (
	ReasonPanic          = "panic"      // policy code panicked
	ReasonProtocol       = "protocol"   // Envoy or an attempt broke the protocol
	ReasonWrongMode      = "wrong_mode" // the filter's body modes are wrong
	ReasonBodyTooLarge   = "request_body_too_large"
	ReasonStreamShutdown = "stream_shutdown" // the process had to stop
)

// breach is an error that ends the stream with a refusal.
type breach struct {
	kind kind
	err  error
}

func breachf(k kind, format string, args ...any) error {
	return &breach{kind: k, err: fmt.Errorf(format, args...)}
}

func (b *breach) Error() string { return string(b.kind) + ": " + b.err.Error() }

func (b *breach) Unwrap() error { return b.err }

// fault converts the breach for Policy.Refuse. A retry may reach a healthy
// replica; a wrong mode or a body that is too long would fail again.
func (b *breach) fault() *policies.Fault {
	switch b.kind {
	case wrongMode:
		return &policies.Fault{Verdict: policies.Fail, Reason: ReasonWrongMode, Status: 500, Err: b.err}
	case tooLarge:
		return &policies.Fault{Verdict: policies.Fail, Reason: ReasonBodyTooLarge, Status: 413, Err: b.err}
	default:
		return &policies.Fault{Verdict: policies.Retry, Reason: ReasonProtocol, Err: b.err}
	}
}

// end is the way in which the attempt is closed.
func (b *breach) end() policies.End {
	if b.kind == tooLarge {
		return policies.EndTooLarge
	}
	return policies.EndProtocol
}

// errGone reports that a message could not be sent: Envoy has closed the stream.
var errGone = errors.New("extproc: stream is gone")
