package history

import (
	"cmp"
	"context"
	"math"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Bounds of a Memory.
const (
	// DefaultRequests is how many requests are remembered.
	DefaultRequests = 10_000
	// DefaultBytes bounds the memory for them, roughly. A request with one attempt
	// takes about 2 KB, one with three 3 KB.
	DefaultBytes = 40 << 20
)

// clockSkew is how far the clocks of two replicas may be apart.
const clockSkew = time.Minute

// MemoryOptions are the bounds of a Memory.
type MemoryOptions struct {
	// Requests is how many are remembered; 0 means DefaultRequests.
	Requests int
	// Bytes bounds the memory for them; 0 means DefaultBytes.
	Bytes int
	// SearchTime bounds a query; 0 means history.SearchTime.
	SearchTime time.Duration
}

// Memory is a Store that keeps the newest requests in memory. Put a record.Queue
// before it, so that requests do not wait for its lock.
type Memory struct {
	Hub // tells who follows

	maxBytes   int
	searchTime time.Duration

	mu sync.RWMutex // of what follows
	// ring has the entry of cursor c at place(c), for oldest <= c < next.
	ring         []*entry
	oldest, next Cursor
	bytes        int               // of the entries
	byID         map[string]Cursor // of the newest request with an id
	pending      pending
}

var _ Store = (*Memory)(nil)

// entry is a request that is remembered.
type entry struct {
	item  Item   // its texts are its own
	words string // of Words
	// told has a bit for each attempt that was recorded on its own, by its
	// number.
	told uint64
	// unfinished reports that nobody recorded the request's end; see finish.
	unfinished bool
}

// NewMemory makes an empty store. It has no goroutine.
func NewMemory(o MemoryOptions) *Memory {
	m := &Memory{
		maxBytes: cmp.Or(o.Bytes, DefaultBytes), searchTime: cmp.Or(o.SearchTime, SearchTime),
		ring: make([]*entry, cmp.Or(o.Requests, DefaultRequests)), byID: map[string]Cursor{},
	}
	// Cursors go on after a restart, so that a page that is open finds its place.
	m.oldest = Cursor(time.Now().UnixMicro())
	m.next = m.oldest
	m.pending.init(m.maxBytes / 8)
	return m
}

func (m *Memory) place(c Cursor) int { return int(c % Cursor(len(m.ring))) }

// at returns the entry of a cursor; nil if it is gone.
func (m *Memory) at(c Cursor) *entry {
	if c < m.oldest || c >= m.next {
		return nil
	}
	return m.ring[m.place(c)]
}

// Attempt records an attempt: in its request, or until that comes.
func (m *Memory) Attempt(a record.Attempt) {
	if a.RequestID == "" {
		return // nobody knows whose it is
	}
	compactAttempt(&a)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finish()
	c, ok := m.byID[a.RequestID]
	e := m.at(c)
	if !ok || e == nil || !Takes(&e.item.Request, &a, !e.unfinished) {
		m.pending.put(a, time.Now()) // of a request that has not ended, maybe with the same id
		return
	}
	if e.told&bit(a.Number) != 0 {
		return // it is told twice
	}
	changed := *e
	Join(&changed.item.Request, a)
	changed.told |= bit(a.Number)
	if changed.unfinished {
		unfinished(&changed.item.Request)
	}
	m.replace(c, &changed)
}

// Request records a request, with the attempts that came before it.
func (m *Memory) Request(r record.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finish()
	e := &entry{item: Item{Request: r}}
	q := &e.item.Request
	if last := q.Last(); last != nil {
		e.told = bit(last.Number)
	}
	for _, a := range m.pending.take(r.RequestID) {
		if Takes(q, &a, true) {
			Join(q, a)
			e.told |= bit(a.Number)
		} else {
			m.pending.put(a, time.Now()) // of another request with the same id
		}
	}
	if c, ok := m.byID[r.RequestID]; ok && r.RequestID != "" {
		if was := m.at(c); was != nil && was.unfinished && e.during(&record.Attempt{Origin: was.item.Origin}) {
			for _, a := range was.item.Attempts {
				if was.told&bit(a.Number) != 0 && e.told&bit(a.Number) == 0 {
					Join(q, a)
					e.told |= bit(a.Number)
				}
			}
			m.replace(c, e)
			return
		}
	}
	m.add(e)
}

// add appends an entry. The oldest ones make room for it.
func (m *Memory) add(e *entry) {
	e.words = compact(&e.item.Request)
	e.item.Cursor = m.next
	for m.next-m.oldest >= Cursor(len(m.ring)) {
		m.forget()
	}
	m.ring[m.place(m.next)] = e
	m.name(e)
	m.next++
	m.settle(e, 0)
}

// replace puts a changed entry into the place of c. Readers may hold the old one.
func (m *Memory) replace(c Cursor, e *entry) {
	e.words = compact(&e.item.Request)
	e.item.Cursor = c
	before := m.ring[m.place(c)].size()
	m.ring[m.place(c)] = e
	m.name(e)
	m.settle(e, before)
}

// name makes an entry the newest with its id.
func (m *Memory) name(e *entry) {
	id := e.item.RequestID
	if id == "" {
		return
	}
	delete(m.byID, id) // the key that stands there is a part of another entry
	m.byID[id] = e.item.Cursor
}

// settle counts an entry, drops old ones above the bounds, and publishes it.
func (m *Memory) settle(e *entry, before int) {
	m.bytes += e.size() - before
	for m.bytes > m.maxBytes && m.oldest < m.next-1 {
		m.forget()
	}
	m.publish(e.item, e.words)
}

// forget drops the oldest entry.
func (m *Memory) forget() {
	e := m.ring[m.place(m.oldest)]
	m.bytes -= e.size()
	if m.byID[e.item.RequestID] == m.oldest {
		delete(m.byID, e.item.RequestID)
	}
	m.ring[m.place(m.oldest)] = nil
	m.oldest++
}

// Sizes of what an entry has beside its texts.
var (
	entrySize   = int(reflect.TypeFor[entry]().Size()) + int(reflect.TypeFor[record.Resume]().Size()) + 100 // with its place in byID
	attemptSize = int(reflect.TypeFor[record.Attempt]().Size()) + int(reflect.TypeFor[record.Usage]().Size()) + 3*int(reflect.TypeFor[record.Modalities]().Size()) + 8
)

// size is about how many bytes the entry takes.
func (e *entry) size() int {
	return entrySize + len(e.item.Attempts)*attemptSize + 2*len(e.words)
}

// bit is the bit of an attempt in entry.told.
func bit(number int) uint64 { return 1 << (uint(number) & 63) }

// during reports whether an attempt may be one of this request.
func (e *entry) during(a *record.Attempt) bool { return During(&e.item.Request, a) }

// Get implements Store.
func (m *Memory) Get(_ context.Context, requestID string) (Item, error) {
	m.tidy()
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.byID[requestID]
	if e := m.at(c); ok && e != nil && requestID != "" {
		return e.item, nil
	}
	return Item{}, ErrNotFound
}

// searchPart is how many requests are looked at while nobody can write, some
// hundred microseconds.
const searchPart = 500

// Query implements Store. Nothing of the items may be changed.
func (m *Memory) Query(_ context.Context, f Filter, before Cursor, limit int) (Page, error) {
	s := search{filter: f, before: before, limit: Limit(limit), page: Page{Items: []Item{}}}
	s.filter.Text = strings.ToLower(f.Text)
	if before <= 0 {
		s.before = math.MaxInt64
	}
	m.tidy()
	for stop := time.Now().Add(m.searchTime); m.part(&s); {
		if time.Now().After(stop) {
			s.page.Next, s.page.SearchedTo = s.before, s.ended
			break
		}
	}
	return s.page, nil
}

// search is one query.
type search struct {
	filter Filter    // its text is in lower case
	before Cursor    // what is older was not looked at yet
	ended  time.Time // the last one that was looked at
	limit  int
	page   Page
}

// part looks at some requests, and reports whether there are more.
func (m *Memory) part(s *search) (more bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s.before = min(s.before, m.next)
	for range searchPart {
		if s.before <= m.oldest {
			return false
		}
		e := m.ring[m.place(s.before-1)]
		if e.match(&s.filter) {
			if len(s.page.Items) == s.limit {
				s.page.Next = s.before
				return false
			}
			s.page.Items = append(s.page.Items, e.item)
		}
		s.before, s.ended = s.before-1, e.item.Time.Add(time.Duration(e.item.Duration))
	}
	return s.before > m.oldest
}

// tidy finds requests that have ended without a record, although nothing new
// comes.
func (m *Memory) tidy() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.finish()
}

// match is Filter.Match for a filter whose text is in lower case.
func (e *entry) match(f *Filter) bool {
	return f.matchFields(&e.item.Request) && (f.Text == "" || strings.Contains(e.words, f.Text))
}
