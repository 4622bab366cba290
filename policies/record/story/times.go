package story

import (
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// unsaid is how much time a sentence may leave out: what is shorter is lost in the
// rounding of what it says.
const unsaid = record.Duration(100 * time.Millisecond)

// times are the parts of an attempt's time that its sentence names beside the wait. The
// story's times follow each other without gaps: those of the attempts and the pauses
// between them are the time to the first byte, or to the end where there was none.
type times struct {
	// into is how long after the request's beginning it began, where the times of the
	// attempts before do not tell; else 0.
	into record.Duration
	// prepared is how long the request took to arrive, and to be prepared, until it was
	// sent, without the wait.
	prepared record.Duration
	// took is from then on to the verdict, or to the end of an attempt that was not sent.
	took record.Duration
}

// timed reports whether it is known when an attempt was: of those that a memory alone
// tells of it is not.
func timed(a *record.Attempt) bool { return a.Began > 0 || a.Held > 0 || a.Duration > 0 }

// times finds the parts of an attempt's time; before is the attempt before it, or nil.
func (t *teller) times(a, before *record.Attempt) (out times) {
	if a.Number > 1 && (before == nil || before.Duration == 0) {
		out.into = a.Began
	}
	out.took = a.Held
	switch {
	case a.Verdict == "pass": // it is passed on at once; without a first byte nothing is known
		out.prepared = max(t.r.FirstByte-a.Began-a.Waited-a.Held, 0)
	case a.Held == 0:
		out.took = max(a.Duration-a.Waited, 0)
	default: // it ends with its verdict
		out.prepared = max(a.Duration-a.Waited-a.Held, 0)
	}
	return out
}
