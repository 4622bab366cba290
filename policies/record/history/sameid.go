package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Clients choose request ids, and some use one for many requests. Such requests are
// told apart by when they began.
const (
	// beganWithin is how exactly the time of a request's beginning is known: the log
	// has its end and its duration, both in whole milliseconds.
	beganWithin = 2 * time.Millisecond
	// mostMoved is how far the beginning of a request may move when an attempt is told
	// of that was lost; see Join.
	mostMoved = time.Hour
)

// GetAt returns the request with this id that began at a time, or ErrNotFound. A time
// in whole seconds is that of any request that began in the second; of several it is
// the newest. The zero time asks for the newest of all, as Source.Get does.
func GetAt(ctx context.Context, s Source, requestID string, at time.Time) (Item, error) {
	if at.IsZero() {
		return s.Get(ctx, requestID)
	}
	if requestID == "" {
		return Item{}, ErrNotFound
	}
	within := beganWithin
	if at.Equal(at.Truncate(time.Second)) {
		within = time.Second
	}
	var near, moved []Item
	if err := withID(ctx, s, Filter{ID: requestID, Since: at.Add(-beganWithin), Until: at.Add(within)}, func(item Item) bool {
		near = append(near, item)
		return !item.Time.Equal(at)
	}); err != nil {
		return Item{}, err
	}
	if len(near) > 0 {
		exact := within < time.Second || near[len(near)-1].Time.Equal(at)
		return slices.MinFunc(near, func(a, b Item) int {
			if !exact {
				return 0 // the first, which is the newest
			}
			return cmp.Compare(a.Time.Sub(at).Abs(), b.Time.Sub(at).Abs())
		}), nil
	}
	if err := withID(ctx, s, Filter{ID: requestID, Since: at.Add(-mostMoved), Until: at}, func(item Item) bool {
		if beganThen(&item.Request, at) {
			moved = append(moved, item)
		}
		return len(moved) == 0
	}); err != nil {
		return Item{}, err
	}
	if len(moved) > 0 {
		return moved[0], nil
	}
	// Some sources know more requests than they list.
	item, err := s.Get(ctx, requestID)
	if err == nil && (item.Time.Before(at.Add(-beganWithin)) || !item.Time.Before(at.Add(within))) {
		err = ErrNotFound
	}
	if err != nil {
		return Item{}, err
	}
	return item, nil
}

// beganThen reports whether one of the request's attempts began at a time, which was
// then taken for the request's beginning.
func beganThen(r *record.Request, at time.Time) bool {
	return slices.ContainsFunc(r.Attempts, func(a record.Attempt) bool {
		return r.Time.Add(time.Duration(a.Began)).Sub(at).Abs() <= beganWithin
	})
}

// SameID returns the requests with this id, at most so many, the newest first. more
// says that there are others, or that the search for them took too long.
func SameID(ctx context.Context, s Source, requestID string, most int) (items []Item, more bool, err error) {
	if requestID == "" {
		return nil, false, nil
	}
	var before Cursor
	for {
		page, err := s.Query(ctx, Filter{ID: requestID}, before, Limit(most+1))
		if err != nil {
			return nil, false, err
		}
		for _, item := range page.Items {
			if item.RequestID != requestID {
				continue
			}
			if len(items) == most {
				return items, true, nil
			}
			items = append(items, item)
		}
		if before = page.Next; before == 0 || !page.SearchedTo.IsZero() {
			return items, before != 0, nil
		}
	}
}

// withID calls do for the requests that f selects whose id is f.ID, the newest first,
// until it returns false.
func withID(ctx context.Context, s Source, f Filter, do func(Item) bool) error {
	var before Cursor
	for {
		page, err := s.Query(ctx, f, before, MaxPage)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if item.RequestID == f.ID && !do(item) {
				return nil
			}
		}
		if before = page.Next; before == 0 {
			return nil
		}
	}
}
