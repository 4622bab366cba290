package memory

import (
	"bytes"
	"container/list"
	"context"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// The bounds of values. Over one of them the oldest is forgotten.
const (
	mostValues = 100_000
	mostBytes  = 64 << 20
)

// valueOverhead is what an entry takes besides its bytes.
const valueOverhead = 256

// values are values with an end, oldest first. Its methods need the store's
// lock.
type values struct {
	byKey map[valueKey]*list.Element // of *value
	order *list.List
	bytes int
}

// valueKey separates counters from values of the same name.
type valueKey struct {
	state.Key
	counter bool
}

type value struct {
	key   valueKey
	bytes []byte
	count int64
	ends  time.Time
}

func (v *value) size() int { return len(v.bytes) + len(v.key.ID) + len(v.key.Tenant) + valueOverhead }

func newValues() values {
	return values{byKey: make(map[valueKey]*list.Element), order: list.New()}
}

// get returns a value that has not ended.
func (v *values) get(key valueKey, now time.Time) *value {
	e := v.byKey[key]
	if e == nil {
		return nil
	}
	found := e.Value.(*value)
	if !found.ends.After(now) {
		v.drop(e)
		return nil
	}
	return found
}

func (v *values) put(put *value) {
	if e := v.byKey[put.key]; e != nil {
		v.drop(e)
	}
	v.byKey[put.key] = v.order.PushBack(put)
	v.bytes += put.size()
	for v.bytes > mostBytes || len(v.byKey) > mostValues {
		v.drop(v.order.Front())
	}
}

func (v *values) drop(e *list.Element) {
	dropped := v.order.Remove(e).(*value)
	delete(v.byKey, dropped.key)
	v.bytes -= dropped.size()
}

func (v *values) sweep(now time.Time) {
	looked := 0
	for _, e := range v.byKey {
		if !e.Value.(*value).ends.After(now) {
			v.drop(e)
		}
		if looked++; looked == sweepEach {
			return
		}
	}
}

// Get implements state.Store.
func (s *Store) Get(ctx context.Context, key state.Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.values.get(valueKey{Key: key}, time.Now())
	if found == nil {
		return nil, nil
	}
	return bytes.Clone(found.bytes), nil
}

// Put implements state.Store.
func (s *Store) Put(ctx context.Context, key state.Key, bytes []byte, life time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	s.values.put(&value{key: valueKey{Key: key}, bytes: append([]byte{}, bytes...), ends: now.Add(life)})
	return nil
}

// Count implements state.Store.
func (s *Store) Count(ctx context.Context, key state.Key, life time.Duration) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	counter := s.values.get(valueKey{Key: key, counter: true}, now)
	if counter == nil {
		counter = &value{key: valueKey{Key: key, counter: true}, ends: now.Add(life)}
		s.values.put(counter)
	}
	counter.count++
	return counter.count, nil
}
