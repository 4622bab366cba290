package policies

import (
	"fmt"
	"time"
)

// Verdict is what heald decides about an attempt.
type Verdict uint8

const (
	// Pass: good, or a final state that the client should see.
	Pass Verdict = iota
	// Retry: try again at the same backend, perhaps with another account.
	Retry
	// Failover: try again at another backend, or with the next model.
	Failover
	// Repair: try again with a changed request body.
	Repair
	// Fail: final; the client gets an error in its own dialect.
	Fail
)

var verdictNames = [...]string{"pass", "retry", "failover", "repair", "fail"}

// String returns the word that logs, metrics and the stamp use.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// Again reports whether the verdict asks for another attempt.
func (v Verdict) Again() bool { return v == Retry || v == Failover || v == Repair }

// Fault is a failed attempt, sorted by what to do about it. It is made once,
// where the facts are; later code switches on it and never reads Err's text.
type Fault struct {
	Verdict Verdict
	// Reason is the log word and metric label, from a closed set
	// (policies/heal/reason.go).
	Reason string
	// Status is the upstream's HTTP status; 0 if none arrived.
	Status int
	// Wait is the delay before the next attempt; 0 means at once.
	Wait time.Duration
	// Err is what happened, for logs and for the text of the client's error.
	Err error
}

func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Reason
	}
	return f.Reason + ": " + f.Err.Error()
}

func (f *Fault) Unwrap() error { return f.Err }
