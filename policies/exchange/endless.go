package exchange

import (
	"fmt"
	"time"
)

// An upstream may hang, send what tells nothing, or never come to an end. No
// client and no replica is held for ever by one.

// answerLimit bounds the upstream's bytes of an answer. One that goes out as a
// document is held whole, and of a stream encoders keep what its last event
// must repeat (the Responses API), so it also bounds the memory of each.
// Answers end at 65,536 tokens; with images they reach tens of MiB.
const answerLimit = 128 << 20

// heard notes when upstream last told something of the answer.
func (a *attempt) heard() {
	if a.answer.moved() {
		a.lastIn = time.Now()
	}
}

// finishGrace is how long an upstream may stay connected after it has finished
// its answer.
const finishGrace = 3 * time.Second

// untilGrace is how long an upstream that has finished may still take. What it
// sends that tells nothing makes it no longer.
func (a *attempt) untilGrace() time.Duration {
	return max(finishGrace-time.Since(a.lastIn), time.Millisecond)
}

// overtime is what a stream may take beyond its time once it is complete, so
// that it ends as such: the grace, and as much if more comes in it.
const overtime = 2 * finishGrace

// untilTooLong is what is left of the time that a stream may take.
func (a *attempt) untilTooLong() time.Duration {
	left := a.settings.MaxStream - time.Since(a.passedAt)
	if a.answer.finished() {
		left += overtime
	}
	return left
}

// tooLong says by what a passed answer is longer than an answer can be; "" if it
// is not. One that never ends must not hold a client and a replica for ever.
func (a *attempt) tooLong() string {
	switch {
	case a.untilTooLong() <= 0:
		return fmt.Sprintf("the answer was not complete after %s (the gateway's max_stream)", a.settings.MaxStream)
	case a.answer.in > answerLimit:
		return fmt.Sprintf("the answer is longer than %d MiB", answerLimit>>20)
	}
	return ""
}
