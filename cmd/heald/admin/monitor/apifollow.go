package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies/record/history"
)

// Times of a stream of events.
const (
	// keepAlive is how long the stream may be silent before it says that it is there.
	keepAlive = 15 * time.Second
	// writeTime is how long a reader may take for one event.
	writeTime = 30 * time.Second
	// askAgain is how often a store without a live stream is asked.
	askAgain = time.Second
)

// source returns the next event, or the error of ctx if that ends first.
type source interface {
	Next(ctx context.Context) (history.Event, error)
	Close()
}

// follow sends requests as they end, as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), and again when
// more is known about one.
func (m *Monitor) follow(w http.ResponseWriter, r *http.Request) {
	if !m.remembers(w) {
		return
	}
	f, err := filterOf(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	after, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64) // an invalid one means none
	from, err := m.source(f)
	if err != nil {
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer from.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // for proxies in between
	out := &events{w: w, control: http.NewResponseController(w)}
	if out.send(": requests as they end\n\n") != nil || r.Method == http.MethodHead || !m.missed(ctx, out, f, history.Cursor(after)) {
		return
	}
	for {
		event, err := next(ctx, from)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			err = out.send("event: quiet\ndata: {}\n\n") // no comment, which scripts cannot see
		case err == nil:
			err = out.event(event)
		}
		if err != nil {
			return // the reader is gone, or the store
		}
	}
}

// next waits for an event, for at most keepAlive.
func next(ctx context.Context, from source) (history.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, keepAlive)
	defer cancel()
	event, err := from.Next(ctx)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // a store that is interrupted says so in its own words
	}
	return event, err
}

func (m *Monitor) source(f history.Filter) (source, error) {
	if s, ok := m.o.Store.(history.Follower); ok {
		return s.Follow(f)
	}
	if m.asking.Add(1) > history.Followers {
		m.asking.Add(-1)
		return nil, history.ErrTooMany
	}
	return &asking{store: m.o.Store, filter: f, leave: func() { m.asking.Add(-1) }}, nil
}

// missed sends what a reader who reconnects has missed; false if that fails.
func (m *Monitor) missed(ctx context.Context, out *events, f history.Filter, after history.Cursor) bool {
	if after <= 0 {
		return true
	}
	page, err := m.o.Store.Query(ctx, f, 0, history.MaxPage)
	if err != nil {
		return false
	}
	items := newer(page.Items, after)
	if page.Next > after && out.send("event: lost\ndata: {\"lost\":1}\n\n") != nil {
		return false // there may be more, or it takes long to find them; nobody has counted them
	}
	for _, item := range items {
		if out.event(history.Event{Item: item}) != nil {
			return false
		}
	}
	return true
}

// newer are the items after a cursor, the oldest first.
func newer(items []history.Item, after history.Cursor) []history.Item {
	n := 0
	for n < len(items) && items[n].Cursor > after {
		n++
	}
	out := slices.Clone(items[:n])
	slices.Reverse(out)
	return out
}

// asking makes events by asking a store that has no live stream. It asks for the
// newest requests without the filter, since a search by filter may take the store
// long, and this is asked again and again.
type asking struct {
	store  history.Source
	filter history.Filter
	leave  func()
	asked  bool           // the first question was answered
	after  history.Cursor // 0 where there was nothing then
	ready  []history.Item
}

func (a *asking) Next(ctx context.Context) (history.Event, error) {
	for {
		if len(a.ready) > 0 {
			item := a.ready[0]
			a.ready = a.ready[1:]
			return history.Event{Item: item}, nil
		}
		lost, err := a.ask(ctx)
		switch {
		case err != nil:
			return history.Event{}, err
		case lost:
			return history.Event{Lost: 1}, nil // nobody has counted them
		case len(a.ready) > 0:
			continue
		}
		select {
		case <-ctx.Done():
			return history.Event{}, ctx.Err()
		case <-time.After(askAgain):
		}
	}
}

// ask reads what is newer than at the last question, and reports whether that was
// more than a page.
func (a *asking) ask(ctx context.Context) (lost bool, err error) {
	page, err := a.store.Query(ctx, history.Filter{}, 0, 1)
	if err != nil {
		return false, err
	}
	first := !a.asked
	a.asked = true
	if len(page.Items) == 0 || page.Items[0].Cursor == a.after {
		return false, nil
	}
	newest := page.Items[0].Cursor
	if newest < a.after { // the store counts anew
		a.after = newest
		return true, nil
	}
	if !first {
		// There are no more requests than cursors in between.
		if page, err = a.store.Query(ctx, history.Filter{}, 0, int(min(newest-a.after, history.MaxPage))); err != nil {
			return false, err
		}
		items := newer(page.Items, a.after)
		lost = len(items) == history.MaxPage && newest-a.after > history.MaxPage
		a.ready = slices.DeleteFunc(items, func(item history.Item) bool { return !a.filter.Match(&item.Request) })
		if len(page.Items) > 0 { // they may have been deleted meanwhile
			newest = page.Items[0].Cursor
		}
	}
	a.after = newest
	return lost, nil
}

func (a *asking) Close() { a.leave() }

// events writes events, each at once.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *events) event(of history.Event) error {
	if of.Lost > 0 {
		return e.send(fmt.Sprintf("event: lost\ndata: {\"lost\":%d}\n\n", of.Lost))
	}
	data, err := json.Marshal(of.Item)
	if err != nil {
		return err
	}
	return e.send(fmt.Sprintf("id: %d\nevent: request\ndata: %s\n\n", of.Item.Cursor, data))
}

func (e *events) send(text string) error {
	_ = e.control.SetWriteDeadline(time.Now().Add(writeTime)) // a reader that hangs must not hold resources
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
