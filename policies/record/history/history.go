package history

import (
	"context"
	"errors"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// ErrNotFound says that nothing is known of a request: it is too old, it went
// elsewhere, or it has not ended.
var ErrNotFound = errors.New("no request with this id is remembered")

// Cursor is a place in the order in which a store learned of requests; 0 is
// before the oldest. Each store counts for itself.
type Cursor int64

// Item is one request that has ended, with all of its attempts that are known.
type Item struct {
	Cursor         Cursor `json:"cursor"`
	record.Request        // Attempts are in the order of their numbers
}

// Filter says which requests are asked for. An empty field asks for all.
type Filter struct {
	APIs, Tenants, Backends, Accounts, Models, Outcomes, Reasons []string

	// ID is the beginning of a request id or trace id.
	ID string
	// Text stands in any of the words of the request, whatever the case.
	Text string
	// Since and Until bound the time of the request's beginning.
	Since, Until time.Time
}

// Page is a part of the answer to a question.
type Page struct {
	Items []Item `json:"requests"`
	// Next asks for what is older; 0 if there is nothing.
	Next Cursor `json:"next,omitzero"`
}

// Source answers questions about requests. It is safe for concurrent use.
type Source interface {
	// Get returns the request with this id, or ErrNotFound.
	Get(ctx context.Context, requestID string) (Item, error)
	// Query returns the newest requests that f asks for and that are older than
	// before (0: all), newest first, at most limit.
	Query(ctx context.Context, f Filter, before Cursor, limit int) (Page, error)
}

// Store remembers requests, and is bounded.
type Store interface {
	record.Recorder
	Source
}
