package why

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record/history"
)

const (
	// sameIDs bounds the requests with the same id that are counted.
	sameIDs = 100
	// othersNamed is how many of them are named.
	othersNamed = 4
)

// others is the line that says which other requests have the same id, and how to ask
// for them; "" where there are none.
func others(ctx context.Context, from Source, told *history.Item) string {
	items, more, err := history.SameID(ctx, from, told.RequestID, sameIDs)
	if err != nil || len(items) < 2 {
		return "" // the story is what was asked for
	}
	which := "this is an earlier one"
	if !items[0].Time.After(told.Time) {
		which = "this is the newest"
	}
	count := fmt.Sprint(len(items))
	if more {
		count += " or more"
	}
	var named []string
	left := 0
	for _, item := range items {
		switch {
		case item.Time.Equal(told.Time):
		case len(named) < othersNamed:
			named = append(named, began(item.Time))
		default:
			left++
		}
	}
	if len(named) == 0 {
		return ""
	}
	list := ""
	if left > 0 || more {
		list = " …, which heald requests --id lists"
	}
	return fmt.Sprintf("%s requests have this id, %s; for another, add --at and when it began: %s%s\n", count, which, strings.Join(named, ", "), list)
}

// began formats the time of a request's beginning so that it can be asked for.
func began(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
