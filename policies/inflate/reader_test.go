package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

type flusher interface {
	io.WriteCloser
	Flush() error
}

// format is a way in which a body can be compressed.
type format struct {
	name   string
	coding Coding
	writer func(w io.Writer) flusher
}

var formats = []format{
	{"gzip", Gzip, func(w io.Writer) flusher { z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed); return z }},
	{"deflate", Deflate, func(w io.Writer) flusher { z, _ := zlib.NewWriterLevel(w, zlib.BestSpeed); return z }},
	{"bare deflate", Deflate, func(w io.Writer) flusher { z, _ := flate.NewWriter(w, flate.BestSpeed); return z }},
	{"zstd", Zstd, func(w io.Writer) flusher { z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)); return z }},
	{"br", Brotli, func(w io.Writer) flusher { return brotli.NewWriter(w) }},
}

// deflate compresses the parts, with a flush after each.
func (f format) deflate(parts ...string) []byte {
	var b bytes.Buffer
	w := f.writer(&b)
	for _, p := range parts {
		_, _ = io.WriteString(w, p)
		_ = w.Flush()
	}
	_ = w.Close()
	return b.Bytes()
}

// whole inflates b, fed step bytes at a time.
func whole(r *Reader, b []byte, step int) (string, error) {
	defer r.Stop()
	var out []byte
	take := func(piece []byte) error { out = append(out, piece...); return nil }
	for len(b) > step {
		if err := r.Feed(b[:step], false, take); err != nil {
			return string(out), err
		}
		b = b[step:]
	}
	err := r.Feed(b, true, take)
	return string(out), err
}

func eachFormat(t *testing.T, test func(t *testing.T, f format)) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func TestReader(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 40_000)
	_, _ = random.Read(noise)
	eachFormat(t, func(t *testing.T, f format) {
		for _, text := range []string{"", "x", "hello, hello, hello", strings.Repeat("0123456789", 20_000), string(noise)} {
			z := f.deflate(text)
			for _, step := range []int{len(z), 1, 7, 4096} {
				if got, err := whole(New(f.coding), z, max(step, 1)); err != nil || got != text {
					t.Errorf("%d bytes in steps of %d: %d bytes, %v", len(text), step, len(got), err)
				}
			}
		}
	})
}

// What was flushed comes out at once, before the next byte comes in.
func TestReaderStreams(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		var wire bytes.Buffer
		w := f.writer(&wire)
		r := New(f.coding)
		defer r.Stop()
		for i := range 100 {
			want := fmt.Sprintf("data: event %d\n\n", i)
			_, _ = io.WriteString(w, want)
			_ = w.Flush()
			got := ""
			err := r.Feed(wire.Next(wire.Len()), false, func(piece []byte) error { got += string(piece); return nil })
			if err != nil || got != want {
				t.Fatalf("event %d: %q, %v", i, got, err)
			}
		}
		_ = w.Close()
		if err := r.Feed(wire.Bytes(), true, func([]byte) error { return errors.New("more came") }); err != nil {
			t.Error(err)
		}
	})
}

func TestReaderRefusesBroken(t *testing.T) {
	text := strings.Repeat("to be, or not to be ", 5_000)
	eachFormat(t, func(t *testing.T, f format) {
		z := f.deflate(text)
		flipped := bytes.Clone(z)
		flipped[len(z)/2] ^= 0x55
		for _, c := range []struct {
			name string
			body []byte
		}{
			{"cut", z[:len(z)-1]},
			{"cut after its first byte", z[:1]},
			{"something else", []byte(`{"model":"m"}`)},
			{"bytes after its end", append(bytes.Clone(z), "tail"...)},
		} {
			for _, step := range []int{len(c.body), 1} {
				if got, err := whole(New(f.coding), c.body, step); err == nil {
					t.Errorf("%s, in steps of %d: no error, %d bytes", c.name, step, len(got))
				}
			}
		}
		// Without a checksum (bare deflate, brotli) a changed byte may only change the text.
		if got, err := whole(New(f.coding), flipped, len(flipped)); err == nil && got == text {
			t.Error("a changed byte was not noticed")
		}
	})
}

func TestReaderReadsMembers(t *testing.T) {
	for _, f := range formats {
		if f.coding != Gzip && f.coding != Zstd {
			continue // these have none
		}
		z := append(f.deflate("first, "), f.deflate("second")...)
		for _, step := range []int{len(z), 1} {
			if got, err := whole(New(f.coding), z, step); err != nil || got != "first, second" {
				t.Errorf("%s in steps of %d: %q, %v", f.name, step, got, err)
			}
		}
	}
}

// bombs are made once: that takes longer than to inflate them.
var bombs = map[string][]byte{}

// bomb is n zero bytes.
func (f format) bomb(n int) []byte {
	key := fmt.Sprint(f.name, n)
	if bombs[key] == nil {
		bombs[key] = f.newBomb(n)
	}
	return bombs[key]
}

func (f format) newBomb(n int) []byte {
	var b bytes.Buffer
	w := f.writer(&b)
	zeros := make([]byte, 1<<20)
	for ; n > 0; n -= len(zeros) {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	return b.Bytes()
}

func TestBoundedReader(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		if got, err := whole(NewBounded(f.coding), f.bomb(9<<20), 1000); !errors.Is(err, ErrRatio) || len(got) > leastBound {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
	for name, size := range map[string]int{"small": leastBound, "in proportion": 9 << 20} {
		z := formats[0].bomb(size)
		if size > leastBound { // a member of noise makes up for it
			noise := make([]byte, size/maxRatio)
			_, _ = rand.NewChaCha8([32]byte{2}).Read(noise)
			z = slices.Concat(formats[0].deflate(string(noise)), z)
		}
		if got, err := whole(NewBounded(Gzip), z, 1000); err != nil || len(got) < size {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// The one who takes decides when it is enough.
func TestReaderStopsWithItsTaker(t *testing.T) {
	enough := errors.New("enough")
	eachFormat(t, func(t *testing.T, f format) {
		r := New(f.coding)
		pieces := 0
		take := func([]byte) error { pieces++; return enough }
		z := f.deflate(strings.Repeat("x", 2*pieceSize))
		if err := r.Feed(z, true, take); !errors.Is(err, enough) || pieces != 1 {
			t.Errorf("%d pieces, %v", pieces, err)
		}
		if err := r.Feed(z, true, take); !errors.Is(err, enough) || pieces != 1 {
			t.Errorf("afterwards: %d pieces, %v", pieces, err)
		}
		r.Stop()
	})
}

// A reader that is given up leaves nothing behind; TestMain looks for leaks.
func TestReaderIsStoppedAnywhere(t *testing.T) {
	eachFormat(t, func(t *testing.T, f format) {
		z := f.deflate("some text", "and more")
		for n := range z {
			r := New(f.coding)
			_ = r.Feed(z[:n], false, func([]byte) error { return nil })
			r.Stop()
			r.Stop()
		}
		New(f.coding).Stop()
	})
	var none *Reader
	none.Stop()
}

// What a header claims costs no memory by itself.
func TestReaderMemory(t *testing.T) {
	const most = 40 << 20 // twice the longest window, and tables
	type claim struct {
		coding Coding
		body   []byte
	}
	bodies := map[string]claim{
		// Frame of RFC 8878 3.1.1: window descriptor 0xff asks for 3.75 TiB.
		"zstd, 3.75 TiB": {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00}},
		// 13<<3: 8 MiB, with a block that is not there.
		"zstd, 8 MiB": {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3, 0x04, 0x00, 0x10}},
		// A content size of 2^60 bytes.
		"zstd, 1 EiB of content": {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01, 0, 0}},
	}
	var wide bytes.Buffer // asks for the longest window, and sends little
	w := brotli.NewWriterOptions(&wide, brotli.WriterOptions{Quality: 5, LGWin: 24})
	_, _ = io.WriteString(w, "hello")
	_ = w.Flush()
	bodies["br, 16 MiB"] = claim{Brotli, wide.Bytes()}
	for _, f := range formats {
		bodies[f.name+", a bomb"] = claim{f.coding, f.bomb(9 << 20)}
	}
	for name, b := range bodies {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			r := New(b.coding)
			defer r.Stop()
			_ = r.Feed(b.body, true, func([]byte) error { return nil })
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > most {
				t.Errorf("%d MiB", n>>20)
			} else {
				t.Logf("%d KiB", n>>10)
			}
		})
	}
}

// However a body is cut, the same comes of it, and never too much.
func FuzzReader(f *testing.F) {
	for i, form := range formats {
		f.Add(uint8(i), form.deflate("hello", "world"), uint8(3))
		f.Add(uint8(i), form.deflate(strings.Repeat("x", 1000))[3:], uint8(0))
	}
	f.Fuzz(func(t *testing.T, which uint8, in []byte, step uint8) {
		coding := formats[int(which)%len(formats)].coding
		bounded := func(step int) (string, error) { return whole(NewBounded(coding), in, step) }
		want, wantErr := bounded(max(len(in), 1))
		got, err := bounded(int(step) + 1)
		if (err == nil) != (wantErr == nil) || err == nil && got != want {
			t.Errorf("step %d: %d bytes, %v; at once %d bytes, %v", step+1, len(got), err, len(want), wantErr)
		}
		if len(want) > max(leastBound, maxRatio*len(in)) {
			t.Errorf("%d bytes of %d", len(want), len(in))
		}
	})
}
