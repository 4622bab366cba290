package record

// Span is what spans tell of an attempt beside the rest of its record: where it
// belongs, and when things happened. It is for sinks of this process alone.
type Span struct {
	// ID is the attempt's own, in hexadecimal, where Envoy has chosen it so that
	// its own span of the attempt is below; "" leaves it to the sink.
	ID string
	// Sent, Hedged, Decided, Broke and Rested say when the attempt went upstream,
	// was sent a second time, when there was a verdict, when the answer broke off
	// so that its rest was fetched, and when that was over. All are counted from
	// the attempt's beginning; 0 if it did not happen.
	Sent, Hedged, Decided, Broke, Rested Duration
	// Repair names what the next attempt shall change in the body; "" for nothing.
	Repair string
	// Before is where the attempt before this one went; empty for the first one,
	// and after one that asked nobody. Because is its reason.
	Before  Place
	Because string
	// Rest is what came of fetching the rest; nil if it was not fetched.
	Rest *Resume
}

// Place is where an attempt goes.
type Place struct{ Backend, Account, Model string }

// Place is where the attempt went; empty if it went nowhere.
func (a *Attempt) Place() Place { return Place{a.Backend, a.Account, a.Model} }
