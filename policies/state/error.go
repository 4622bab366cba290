package state

import "errors"

// ErrFull is the error for one document too many.
var ErrFull = errors.New("state: the store has too many documents")

// ErrUnavailable is the error of every call while the shared store cannot be
// reached and this replica may not decide by itself.
var ErrUnavailable = errors.New("state: the shared store cannot be reached")
