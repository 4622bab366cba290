package sse

import (
	"fmt"
	"strings"
	"testing"
)

func drain(b *testing.B, r *Reader, chunk []byte) {
	if err := r.Feed(chunk); err != nil {
		b.Fatal(err)
	}
	for _, ok := r.Next(); ok; _, ok = r.Next() {
	}
}

// A stream of n events, one a chunk: time per byte must not grow with n.
func BenchmarkReader(b *testing.B) {
	event := []byte("data: " + strings.Repeat("x", 400) + "\r\n\r\n")
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("chunks=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(n * len(event)))
			for b.Loop() {
				r := &Reader{}
				for range n {
					drain(b, r, event)
				}
			}
		})
	}
}

// One event of 1 MB in n chunks: time must not grow with the square of n.
func BenchmarkReaderCutEvent(b *testing.B) {
	event := []byte("data: " + strings.Repeat("x", 1_000_000) + "\r\n\r\n")
	for _, n := range []int{10, 100, 1000, 10000, len(event)} {
		b.Run(fmt.Sprintf("chunks=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(event)))
			step := (len(event) + n - 1) / n
			for b.Loop() {
				r := &Reader{}
				for rest := event; len(rest) > 0; {
					k := min(step, len(rest))
					drain(b, r, rest[:k])
					rest = rest[k:]
				}
			}
		})
	}
}
