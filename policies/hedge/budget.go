package hedge

import "sync"

const (
	// share is the number of requests per duplicate.
	share = 10
	// saved is the most duplicates that a quiet time can save up.
	saved = 1000
)

// Budget keeps duplicates at a tenth of the requests, at any moment since it
// was made: a duplicate is paid for before it is sent. The zero value is ready
// for use, and safe for concurrent use.
type Budget struct {
	mu     sync.Mutex
	earned int // requests that have not paid for a duplicate
}

// Earn counts a request.
func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earned = min(b.earned+1, saved*share)
}

// Take pays for one duplicate, and reports whether there was enough.
func (b *Budget) Take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.earned < share {
		return false
	}
	b.earned -= share
	return true
}

// GiveBack takes back a payment for a duplicate that was not sent.
func (b *Budget) GiveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earned = min(b.earned+share, saved*share)
}
