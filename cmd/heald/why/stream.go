package why

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

const (
	// streamStep is how many entries of the stream are asked for at once, mostStream
	// how many in all.
	streamStep = 1000
	mostStream = 50_000
	// mostApart is how long before its request's beginning an attempt may have been
	// recorded, since replicas' clocks differ.
	mostApart = time.Minute
)

// ReadStream reads the shared stream of records from its end: for one request (its
// id in only), back to a time, or at most mostStream entries. For a request without a
// time it ends with the newest that has the id.
func ReadStream(ctx context.Context, from history.Stream, name, only string, since time.Time) (Source, error) {
	t, wanted := newTold(name), history.Filter{ID: only}
	var found []record.Entry // the newest first
	before, read := "", 0
	for read < mostStream {
		ids, values, err := from.Older(ctx, record.UsageStream, before, streamStep)
		if err != nil {
			return nil, fmt.Errorf("%s does not answer: %w", name, err)
		}
		if len(ids) == 0 {
			break
		}
		read += len(ids)
		before = ids[len(ids)-1]
		t.oldest = timeOf(before)
		for _, v := range values {
			var e record.Entry
			if !mentions(v, only) || json.Unmarshal(v, &e) != nil {
				continue
			}
			found = append(found, e)
			if e.Request != nil && only != "" && wanted.Match(e.Request) { // older entries are of other requests
				if at := e.Request.Time.Add(-mostApart); since.IsZero() || at.Before(since) {
					since = at
				}
			}
		}
		if !since.IsZero() && t.oldest.Before(since) {
			break
		}
	}
	reach := t.oldest
	for _, e := range slices.Backward(found) {
		t.tell(e)
	}
	t.oldest, t.records = reach, max(t.records, read)
	return t, nil
}

// timeOf is when an entry was appended: its id begins with the ms since 1970.
func timeOf(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n)
}
