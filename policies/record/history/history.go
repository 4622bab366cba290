package history

import (
	"context"
	"errors"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// ErrNotFound reports an unknown request: it is too old, it went to another
// gateway, or it has not ended.
var ErrNotFound = errors.New("no request with this id is remembered")

// Cursor is a position in the order in which a store received requests; 0 is
// before the oldest. Each store counts for itself.
type Cursor int64

// Item is one request that has ended, with all of its attempts that are known.
type Item struct {
	Cursor         Cursor `json:"cursor"`
	record.Request        // Attempts are in the order of their numbers
}

// Filter selects requests. An empty field matches all.
type Filter struct {
	APIs, Tenants, Backends, Accounts, Models, Outcomes, Reasons []string

	// ID is the beginning of a request id or trace id.
	ID string
	// Text occurs in any of the words of the request, in any case.
	Text string
	// Since and Until bound the time of the request's beginning.
	Since, Until time.Time
}

// Page is a part of the result of a query.
type Page struct {
	Items []Item `json:"requests"`
	// Next asks for what is older; 0 if there is nothing.
	Next Cursor `json:"next,omitzero"`
	// SearchedTo is set where the search stopped because it took too long: requests
	// that ended later were looked at. Next goes on from there.
	SearchedTo time.Time `json:"searched_to,omitzero"`
}

// SearchTime is how long a query looks for requests before it returns what it has
// found. Somebody waits for it, and it takes a processor from others.
const SearchTime = 400 * time.Millisecond

// Source answers queries about requests. It is safe for concurrent use.
type Source interface {
	// Get returns the request with this id, or ErrNotFound.
	Get(ctx context.Context, requestID string) (Item, error)
	// Query returns the newest requests that match f and are older than before
	// (0: all), newest first, at most limit; fewer also where the search took
	// longer than SearchTime, see Page.SearchedTo.
	Query(ctx context.Context, f Filter, before Cursor, limit int) (Page, error)
}

// Store remembers requests, and is bounded.
type Store interface {
	record.Recorder
	Source
}
