package state

import "slices"

// Correction is what is known of an attempt under way that was a guess when it was
// taken: how many tokens its prompt has.
type Correction struct {
	Receipt Receipt
	// Tokens are the input tokens that upstream has counted for its rates, more or
	// fewer than are reserved; negative if that is not known, and the reservation
	// stands.
	Tokens int64
	// Amounts are what is still to be reserved of each of Receipt.Budgets, in their
	// order; nil if that is not known. One that is larger than what is reserved changes
	// nothing: Settle tells of it. A call that is lost then leaves too much reserved,
	// which the heartbeat corrects, and never less than is used.
	Amounts []int64
}

// Corrected is the receipt that a correction makes of its own, and whether it is
// another one. What it refers to is copied, since others may read it.
func (c *Correction) Corrected() (out Receipt, changed bool) {
	out = c.Receipt
	if p := out.Place; p != nil && c.Tokens >= 0 && c.Tokens != p.Tokens {
		place := *p
		place.Tokens = c.Tokens
		out.Place, changed = &place, true
	}
	for i := range out.Budgets[:min(len(out.Budgets), len(c.Amounts))] {
		if n := max(c.Amounts[i], 0); n < out.Budgets[i].Amount {
			if &out.Budgets[0] == &c.Receipt.Budgets[0] {
				out.Budgets = slices.Clone(out.Budgets)
			}
			out.Budgets[i].Amount, changed = n, true
		}
	}
	return out, changed
}

// unsure is the receipt where nobody knows whether the correction was made: that of
// the smaller reservation, from which Settle counts on.
func (c Correction) unsure() Receipt {
	if p := c.Receipt.Place; p != nil {
		c.Tokens = min(c.Tokens, p.Tokens)
	}
	out, _ := c.Corrected()
	return out
}
