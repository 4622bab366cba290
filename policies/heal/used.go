package heal

import (
	"encoding/json"
	"time"
)

// Used is what tries have used and how long they have waited, for the record of
// the request: nothing is decided by it.
type Used struct {
	// Waited is in whole milliseconds.
	Waited time.Duration
	// Known says that the tokens are, which are those of record.Usage; Estimated
	// that they are a guess.
	Known, Estimated                bool
	Input, Output, Cached, Thinking int64
	// Priced says that Cost, in billionths of the currency, is known; Guessed that
	// it is a guess.
	Priced, Guessed bool
	Cost            int64
}

// The bits of the flags in a Used as it travels.
const (
	usedKnown = 1 << iota
	usedEstimated
	usedPriced
	usedGuessed
)

// IsZero reports whether there is nothing to tell.
func (u Used) IsZero() bool { return u == Used{} }

// Add returns the sum of two. An unknown price makes the sum of the others a
// guess.
func (u Used) Add(v Used) Used {
	unpriced := u.Known && !u.Priced || v.Known && !v.Priced
	u.Waited += v.Waited
	u.Known, u.Estimated = u.Known || v.Known, u.Estimated || v.Estimated
	u.Input, u.Output, u.Cached, u.Thinking = u.Input+v.Input, u.Output+v.Output, u.Cached+v.Cached, u.Thinking+v.Thinking
	u.Priced, u.Guessed, u.Cost = u.Priced || v.Priced, u.Guessed || v.Guessed || unpriced, u.Cost+v.Cost
	return u
}

// MarshalJSON writes a list of numbers: it travels in a header, and most of them
// are 0. Those at the end are left out.
func (u Used) MarshalJSON() ([]byte, error) {
	flags := int64(0)
	for bit, on := range map[int64]bool{usedKnown: u.Known, usedEstimated: u.Estimated, usedPriced: u.Priced, usedGuessed: u.Guessed} {
		if on {
			flags |= bit
		}
	}
	list := []int64{u.Waited.Milliseconds(), flags, u.Input, u.Output, u.Cached, u.Thinking, u.Cost}
	for len(list) > 0 && list[len(list)-1] == 0 {
		list = list[:len(list)-1]
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads such a list. What a newer replica adds at its end is left
// out.
func (u *Used) UnmarshalJSON(b []byte) error {
	var list []int64
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	var n [7]int64
	copy(n[:], list)
	*u = Used{
		Waited: milliseconds(n[0]), Known: n[1]&usedKnown != 0, Estimated: n[1]&usedEstimated != 0, Priced: n[1]&usedPriced != 0, Guessed: n[1]&usedGuessed != 0,
		Input: n[2], Output: n[3], Cached: n[4], Thinking: n[5], Cost: n[6],
	}
	return nil
}

// NumberOf is the number of one of Tries: an attempt that left no memory has one,
// too.
func (m *Memory) NumberOf(try int) int {
	if n := m.Tries[try].Number; n > 0 {
		return n
	}
	return m.Dropped + try + 1
}

// Remember adds the latest try, which is that of the attempt with a number.
func (m *Memory) Remember(t Try, number int) {
	if t.Number = 0; number != m.Known()+1 {
		t.Number = number
	}
	m.Tries = append(m.Tries, t)
}
