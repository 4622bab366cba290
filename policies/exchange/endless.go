package exchange

import (
	"fmt"
	"time"
)

// An upstream may hang, send what tells nothing, or never come to an end. No
// client and no replica is held for ever by one.

// answerLimit bounds the upstream's bytes of an answer. An answer that is sent
// as one document is held whole, and some stream encoders keep what their last
// event must repeat (the Responses API), so it also bounds the memory of each.
// Answers end at 65,536 tokens; with images they reach tens of MiB.
const answerLimit = 128 << 20

// noteNews records the time at which the answer last made progress.
func (a *attempt) noteNews() {
	if a.answer.hasNews() {
		a.lastIn = time.Now()
	}
}

// finishGrace is how long an upstream may stay connected after it has finished
// its answer.
const finishGrace = 3 * time.Second

// untilGrace is the rest of finishGrace. Bytes without progress do not extend
// it.
func (a *attempt) untilGrace() time.Duration {
	return max(finishGrace-time.Since(a.lastIn), time.Millisecond)
}

// overtime is what a complete stream may take beyond its limit, so that it still
// ends as complete: the grace, and the same again if more arrives in it.
const overtime = 2 * finishGrace

// untilTooLong is the rest of the time that a stream may take.
func (a *attempt) untilTooLong() time.Duration {
	left := a.settings.MaxStream - time.Since(a.passedAt)
	if a.answer.finished() {
		left += overtime
	}
	return left
}

// tooLong says which limit a passed answer exceeds; "" for none. An answer that
// never ends must not hold a client and a replica for ever.
func (a *attempt) tooLong() string {
	switch {
	case a.untilTooLong() <= 0:
		return fmt.Sprintf("the answer was not complete after %s (the gateway's max_stream)", a.settings.MaxStream)
	case a.answer.in > answerLimit:
		return fmt.Sprintf("the answer is longer than %d MiB", answerLimit>>20)
	}
	return ""
}
