package state

import (
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// OnError says what a replica does while the shared store cannot be reached.
type OnError string

// The values; "" is Open.
const (
	// Open decides by itself, with its part of each limit.
	Open OnError = "open"
	// Closed refuses with ErrUnavailable. Running attempts go on.
	Closed OnError = "closed"
)

// Validate refuses other values.
func (o OnError) Validate(path string) error {
	switch o {
	case "", Open, Closed:
		return nil
	}
	return &setting.Problem{Path: path, Found: redact.Quote(string(o)) + " is none of the two answers to a store that cannot be reached", Fix: "write open or closed"}
}
