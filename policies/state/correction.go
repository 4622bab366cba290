package state

import "slices"

// Correction replaces an estimate of a running attempt by the actual number: the
// tokens of its prompt.
type Correction struct {
	Receipt Receipt
	// Tokens are the input tokens that upstream has counted for its rates, more
	// or fewer than reserved; negative if unknown, and then the reservation
	// stays.
	Tokens int64
	// Amounts are what is still to be reserved of each of Receipt.Budgets, in
	// their order; nil if unknown. An amount larger than the reserved one
	// changes nothing: Settle reports it. A lost call therefore leaves too much
	// reserved, which the heartbeat corrects, and never less than is used.
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

// unsure is the receipt if it is unknown whether the correction was made: that
// of the smaller reservation, from which Settle continues.
func (c Correction) unsure() Receipt {
	if p := c.Receipt.Place; p != nil {
		c.Tokens = min(c.Tokens, p.Tokens)
	}
	out, _ := c.Corrected()
	return out
}
