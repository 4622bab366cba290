package inflate

import (
	"errors"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		header string
		want   Coding
		err    error
	}{
		{"", Identity, nil},
		{"identity", Identity, nil},
		{"gzip", Gzip, nil},
		{"x-gzip", Gzip, nil},
		{"GZIP", Gzip, nil},
		{" deflate ", Deflate, nil},
		{"zstd", Zstd, nil},
		{"br", Brotli, nil},
		{"identity, gzip", Gzip, nil},
		{"gzip,", Gzip, nil},
		{"compress", Identity, ErrUnknown},
		{"utf-8", Identity, ErrUnknown},
		{"gzip, lzma", Identity, ErrUnknown},
		{"gzip, gzip", Identity, ErrSeveral},
		{"gzip, br", Identity, ErrSeveral},
	} {
		if got, err := Of(c.header); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q: %q, %v; want %q, %v", c.header, got, err, c.want, c.err)
		}
	}
}

// What is told to clients is what can be read.
func TestAccepted(t *testing.T) {
	for name := range strings.SplitSeq(Accepted, ", ") {
		if c, err := Of(name); err != nil || c == Identity {
			t.Errorf("%q: %q, %v", name, c, err)
		}
	}
}
