package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// fakeStream is a stream whose ids are numbers from 1.
type fakeStream struct {
	mu     sync.Mutex
	values [][]byte
	err    error
	most   int // entries in one answer
}

func (s *fakeStream) add(e record.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _ := json.Marshal(e)
	s.values = append(s.values, b)
}

func (s *fakeStream) addRaw(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = append(s.values, b)
}

func (s *fakeStream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeStream) Newer(_ context.Context, stream, after string, limit int) (ids []string, values [][]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, _ := strconv.Atoi(after)
	for i := from; i < len(s.values) && len(ids) < limit; i++ {
		ids, values = append(ids, strconv.Itoa(i+1)), append(values, s.values[i])
	}
	s.most = max(s.most, len(ids))
	return ids, values, s.err
}

func (s *fakeStream) Older(_ context.Context, stream, before string, limit int) (ids []string, values [][]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.values)
	if before != "" {
		from, _ = strconv.Atoi(before)
		from--
	}
	for i := from - 1; i >= 0 && len(ids) < limit; i-- {
		ids, values = append(ids, strconv.Itoa(i+1)), append(values, s.values[i])
	}
	s.most = max(s.most, len(ids))
	return ids, values, s.err
}

// replica is what one replica sees of the requests of another one.
type replica struct {
	*history.Memory
	stream *fakeStream
}

func (r replica) Attempt(a record.Attempt)    { r.stream.add(record.Entry{Attempt: &a}) }
func (r replica) Request(of record.Request)   { r.stream.add(record.Entry{Request: &of}) }
func (r replica) Flush(context.Context) error { time.Sleep(time.Minute); return nil }

// The requests of other replicas are searched as one's own are.
func TestReaderSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := replica{history.NewMemory(history.MemoryOptions{SearchTime: -1}), &fakeStream{}}
		r := history.NewReader(s.stream, s.Memory, zap.NewNop())
		defer r.Close()
		historytest.TestSearch(t, s)
	})
}

func entryOf(id string) record.Entry {
	r := historytest.Request(id, func(r *record.Request) { r.Tried, r.Attempts[0].Number = 2, 2 })
	return record.Entry{Request: &r}
}

func newest(t *testing.T, s history.Store) history.Item {
	t.Helper()
	p, err := s.Query(t.Context(), history.Filter{}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p.Items[0]
}

func idsOf(items []history.Item) (out []string) {
	for _, item := range slices.Backward(items) {
		out = append(out, item.RequestID)
	}
	return out
}

// What other replicas append is seen, in order: what was there before the start,
// and what comes.
func TestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := history.NewMemory(history.MemoryOptions{})
		s := &fakeStream{}
		for i := range 700 {
			s.add(entryOf(fmt.Sprint(i)))
		}
		s.addRaw(nil) // of this replica
		s.addRaw([]byte(`{"v":9}`))
		s.fail(errors.New("it is down"))
		r := history.NewReader(s, m, zap.NewNop())
		defer r.Close()
		time.Sleep(10 * time.Second)
		if items := all(t, m); len(items) != 0 {
			t.Fatal("what failed was told")
		}
		s.fail(nil)
		time.Sleep(time.Minute)
		if got := idsOf(all(t, m)); len(got) != 700 || got[0] != "0" || got[699] != "699" {
			t.Fatalf("%d requests", len(got))
		}
		a := historytest.Failed("699", 1, "peek_eof", 200)
		s.add(record.Entry{Attempt: &a})
		for i := range 600 {
			s.add(entryOf(fmt.Sprint("new ", i)))
		}
		time.Sleep(1100 * time.Millisecond)
		if got := idsOf(all(t, m)); len(got) != 1300 || got[1299] != "new 599" {
			t.Fatalf("%d requests", len(got))
		}
		if item, _ := m.Get(t.Context(), "699"); len(item.Attempts) != 2 {
			t.Error("an attempt that was read has not joined")
		}
		s.fail(errors.New("it is down"))
		s.add(entryOf("during"))
		time.Sleep(time.Hour)
		s.fail(nil)
		time.Sleep(31 * time.Second)
		if got := idsOf(all(t, m)); got[len(got)-1] != "during" {
			t.Error("what came meanwhile was not read afterwards")
		}
	})
}

// A stream that is longer or faster than what is read of it costs requests that are
// not shown, never more work.
func TestReaderIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := history.NewMemory(history.MemoryOptions{})
		s := &fakeStream{}
		for i := range 9000 {
			s.add(entryOf(fmt.Sprint(i)))
		}
		logs, said := observer.New(zap.WarnLevel)
		r := history.NewReader(s, m, zap.New(logs))
		defer r.Close()
		synctest.Wait()
		if got := idsOf(all(t, m)); len(got) != 5120 || got[5119] != "8999" {
			t.Fatalf("%d from before the start", len(got))
		}
		time.Sleep(500 * time.Millisecond) // between two rounds of the reader
		for round := range 12 {
			for i := range 3000 {
				s.addRaw(fmt.Appendf(nil, `{"v":1,"record":"request","request_id":"%d %d"}`, round, i))
			}
			before := newest(t, m).Cursor
			time.Sleep(time.Second)
			if n := newest(t, m).Cursor - before; n > 2048 {
				t.Fatalf("%d were read in a second", n)
			}
		}
		time.Sleep(10 * time.Second)
		if got := newest(t, m).RequestID; got != "11 2999" {
			t.Errorf("it has not come to the end, but to %s", got)
		}
		r.Close()
		if said.Len() != 1 || s.most > 256 {
			t.Errorf("%d warnings, %d entries at once", said.Len(), s.most)
		}
	})
}

// What another replica, or a stranger, says of the number of attempts is not
// counted up to.
func TestReaderBoundsWhatItReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := history.NewMemory(history.MemoryOptions{}), &fakeStream{}
		s.addRaw([]byte(`{"v":1,"record":"request","request_id":"id-1","outcome":"passed","tried":300000000}`))
		r := history.NewReader(s, m, zap.NewNop())
		defer r.Close()
		time.Sleep(time.Minute)
		if items := all(t, m); len(items) != 1 || items[0].Tried != 1000 {
			t.Errorf("%+v", items)
		}
	})
}
