package redis

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

var (
	_ record.Appender = (*Store)(nil)
	_ history.Stream  = (*Store)(nil)
)

// What is appended stands in the stream, in order.
func TestAppend(t *testing.T) {
	server := redistest.Start(t)
	s, err := New(Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, batch := range [][][]byte{{[]byte(`{"n":1}`), []byte(`{"n":2}`)}, {[]byte(`{"n":3}`)}} {
		if err := s.Append(t.Context(), "h1:usage", batch...); err != nil {
			t.Fatal(err)
		}
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	entries, err := client.XRange(t.Context(), "h1:usage", "-", "+").Result()
	if err != nil || len(entries) != 3 || entries[2].Values["record"] != `{"n":3}` {
		t.Errorf("%v, %v", entries, err)
	}
}

// A replica reads what others have appended, from either end, and passes over its
// own.
func TestReadStream(t *testing.T) {
	server := redistest.Start(t)
	a, b := open(t, server), open(t, server)
	if ids, values, err := a.Newer(t.Context(), "h1:usage", "", 10); err != nil || len(ids)+len(values) != 0 {
		t.Fatalf("an empty stream: %v, %v", ids, err)
	}
	for n := range 7 {
		from := a
		if n%2 == 1 {
			from = b
		}
		if err := from.Append(t.Context(), "h1:usage", fmt.Append(nil, n)); err != nil {
			t.Fatal(err)
		}
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	client.XAdd(t.Context(), &redis.XAddArgs{Stream: "h1:usage", Values: []any{"record", "older version"}})
	client.XAdd(t.Context(), &redis.XAddArgs{Stream: "h1:usage", Values: []any{"something", "else"}})

	text := func(values [][]byte) string { return fmt.Sprintf("%s", values) }
	first, values, err := a.Newer(t.Context(), "h1:usage", "", 4)
	if err != nil || len(first) != 4 || text(values) != "[ 1  3]" || values[0] != nil {
		t.Fatalf("%v %s %v", first, text(values), err)
	}
	ids, values, err := a.Newer(t.Context(), "h1:usage", first[3], 100)
	if err != nil || len(ids) != 5 || text(values) != "[ 5  older version ]" {
		t.Errorf("%v %s %v", ids, text(values), err)
	}
	if again, _, err := a.Newer(t.Context(), "h1:usage", ids[4], 100); err != nil || len(again) != 0 {
		t.Errorf("after the last: %v, %v", again, err)
	}
	last, values, err := b.Older(t.Context(), "h1:usage", "", 4)
	if err != nil || len(last) != 4 || text(values) != "[ older version 6 ]" || last[0] != ids[4] {
		t.Errorf("%v %s %v", last, text(values), err)
	}
	if _, values, err = b.Older(t.Context(), "h1:usage", last[3], 2); err != nil || text(values) != "[4 ]" {
		t.Errorf("%s %v", text(values), err)
	}
}
