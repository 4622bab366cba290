package account

import "time"

// minuteSeconds are the running second and the 60 whole ones before it: about as long
// as the store counts what it was told of, see state.Minute.
const minuteSeconds = 61

// minute counts what was sent of a quota in the last minute. The zero value is
// empty. It is not safe for concurrent use; its holder guards it.
type minute struct {
	seconds [minuteSeconds]amount // by second modulo their number
	last    int64                 // the newest second; Unix time
	sum     amount
}

type amount struct{ requests, tokens int64 }

// add counts in the second of at, if that is still in the minute; negative
// amounts take back.
func (m *minute) add(now, at time.Time, requests, tokens int64) {
	m.roll(now)
	second := min(at.Unix(), m.last)
	if second <= m.last-minuteSeconds {
		return
	}
	a := &m.seconds[second%minuteSeconds]
	requests, tokens = max(requests, -a.requests), max(tokens, -a.tokens)
	a.requests, a.tokens = a.requests+requests, a.tokens+tokens
	m.sum.requests, m.sum.tokens = m.sum.requests+requests, m.sum.tokens+tokens
}

// roll forgets the seconds that have left the minute. A clock that goes back
// counts on in the newest second.
func (m *minute) roll(now time.Time) {
	second := now.Unix()
	for range min(second-m.last, minuteSeconds) {
		m.last++
		old := &m.seconds[m.last%minuteSeconds]
		m.sum.requests, m.sum.tokens = m.sum.requests-old.requests, m.sum.tokens-old.tokens
		*old = amount{}
	}
	m.last = max(m.last, second)
}

// until is when no more than rest is left of what has been sent; now or earlier
// if that is so already.
func (m *minute) until(now time.Time, rest amount) time.Time {
	m.roll(now)
	left, end := m.sum, now
	for s := m.last - minuteSeconds + 1; s <= m.last && (left.requests > rest.requests || left.tokens > rest.tokens); s++ {
		old := m.seconds[s%minuteSeconds]
		left.requests, left.tokens = left.requests-old.requests, left.tokens-old.tokens
		end = time.Unix(s+minuteSeconds, 0)
	}
	return end
}
