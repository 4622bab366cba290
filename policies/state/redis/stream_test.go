package redis

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
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
