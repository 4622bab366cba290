package account

import (
	"math"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// statedLife is how long a limit holds that upstream has stated. It ends so
	// that a raised limit is found: at the price of one refusal a day.
	statedLife = 24 * time.Hour
	// guessLife is how long a guessed limit holds at most.
	guessLife = time.Hour
	// guessHold is how long a new guess stays unchanged; each later refusal with
	// about the same result doubles the time, up to guessHoldMost. So a wrong
	// guess does little harm, and a right one costs few refusals.
	guessHold     = 5 * time.Minute
	guessHoldMost = 30 * time.Minute
	// guessDoubles is the time in which a guess doubles afterwards.
	guessDoubles = 5 * time.Minute
	// guessAlike is how far apart two guesses of the same limit may be.
	guessAlike = 0.25
	// guessTogether is the time after a guess in which refusals are the same
	// one: requests that run at the same time are refused together.
	guessTogether = time.Minute
)

// Learned are the limits of a quota group for a model, learned from refusals. It
// is a value that replicas share as a JSON document, changed by compare and
// swap. The zero value has no limit.
type Learned struct {
	Requests LearnedLimit `json:"rpm,omitzero"`
	Tokens   LearnedLimit `json:"tpm,omitzero"`
	Day      LearnedLimit `json:"rpd,omitzero"`
	// Absent reports a stated limit of 0: the project's tier does not include
	// the model, and waiting does not help. It ends with a reload.
	Absent bool `json:"absent,omitempty"`
}

// LearnedLimit is one limit.
type LearnedLimit struct {
	Value int64     `json:"value"`
	At    time.Time `json:"at"` // when it was learned
	// Guess says that upstream has not stated it.
	Guess bool `json:"guess,omitempty"`
	// Confirmed is how many consecutive refusals led to about the same limit.
	Confirmed int `json:"confirmed,omitempty"`
}

// Stated records a limit that upstream has stated; see [Quota.Limit]. A
// negative one was not stated, and changes nothing.
func (l Learned) Stated(now time.Time, kind LimitKind, value int64) Learned {
	limit := LearnedLimit{Value: value, At: now}
	switch {
	case value < 0 || kind == NoLimitKind:
	case value == 0:
		l.Absent = true
	case kind == RequestsPerMinute:
		l.Requests = limit
	case kind == TokensPerMinute:
		l.Tokens = limit
	case kind == RequestsPerDay:
		l.Day = limit
	}
	return l
}

// Refused notes a refusal for quota without details. requests and tokens are
// what succeeded in the minute before: the limits are at least that, and no
// learned limit is set below it. Where nothing had succeeded, nothing is
// learned.
func (l Learned) Refused(now time.Time, requests, tokens int64) Learned {
	l.Requests = l.Requests.refused(now, requests)
	l.Tokens = l.Tokens.refused(now, tokens)
	return l
}

func (l LearnedLimit) refused(now time.Time, succeeded int64) LearnedLimit {
	old := l.value(now)
	switch {
	case succeeded <= 0 || old > 0 && !l.Guess:
		return l
	case old > 0 && now.Sub(l.At) < guessTogether:
		l.Value = max(l.Value, succeeded)
		return l
	}
	next := LearnedLimit{Value: succeeded, At: now, Guess: true}
	if old == 0 {
		return next
	}
	if math.Abs(float64(succeeded-l.Value)) <= guessAlike*float64(l.Value) {
		next.Confirmed = l.Confirmed + 1
	}
	// If much less than the limit had succeeded, another limit may have refused:
	// then the guess is halved at most.
	next.Value = max(succeeded, old/2)
	return next
}

// Succeeded records what succeeded within a minute: a guess below it was too
// low. If nothing changes, there is nothing to store.
func (l Learned) Succeeded(now time.Time, requests, tokens int64) Learned {
	l.Requests = l.Requests.succeeded(now, requests)
	l.Tokens = l.Tokens.succeeded(now, tokens)
	return l
}

func (l LearnedLimit) succeeded(now time.Time, n int64) LearnedLimit {
	if old := l.value(now); l.Guess && old > 0 && n > old {
		l.Value, l.Confirmed = n, 0
	}
	return l
}

// newest is when the last of the limits was learned.
func (l Learned) newest() (at time.Time) {
	for _, t := range []time.Time{l.Requests.At, l.Tokens.At, l.Day.At} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// Rates are the limits that hold now.
func (l Learned) Rates(now time.Time) state.Rates {
	return state.Rates{Requests: l.Requests.value(now), Tokens: l.Tokens.value(now), Day: l.Day.value(now)}
}

// value is the current limit; 0 for none. A guess stays for a while and then
// rises, so that a lowered guess does not stay for ever.
func (l LearnedLimit) value(now time.Time) int64 {
	age := now.Sub(l.At)
	if !l.Guess {
		if age >= statedLife {
			return 0
		}
		return l.Value
	}
	if age >= guessLife {
		return 0
	}
	hold := guessHoldMost
	if l.Confirmed < 3 {
		hold = guessHold << max(l.Confirmed, 0)
	}
	if age <= hold {
		return l.Value
	}
	// At most 2¹¹ times; a limit too large for int64 would be none.
	risen := float64(l.Value) * math.Exp2(float64(age-hold)/float64(guessDoubles))
	return max(l.Value, int64(min(risen, 1<<53)))
}

// Tighter are the tighter of two limits each; 0 is none.
func Tighter(a, b state.Rates) state.Rates {
	tighter := func(a, b int64) int64 {
		if a == 0 || b != 0 && b < a {
			return b
		}
		return a
	}
	return state.Rates{
		Requests: tighter(a.Requests, b.Requests), Tokens: tighter(a.Tokens, b.Tokens), Day: tighter(a.Day, b.Day),
	}
}

// Recent counts what succeeded in the last minute, for [Learned]. The zero value
// is empty. It is not safe for concurrent use; its holder guards it.
type Recent struct{ window window }

// Note counts a request that succeeded, with its input tokens.
func (r *Recent) Note(now time.Time, tokens int64) { r.window.add(now, time.Minute, 1, tokens) }

// Sum is what succeeded in the last minute. It never counts what is older, and so
// misses up to the first five seconds of it.
func (r *Recent) Sum(now time.Time) (requests, tokens int64) { return r.window.sum(now, time.Minute) }
