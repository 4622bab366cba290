package media

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	gifs "image/gif"
	"strconv"
	"strings"
	"testing"
	"time"

	tiffs "golang.org/x/image/tiff"

	"github.com/heald-proxy/heald/policies/conversation"
)

// longest is how long what goes for a file of n bytes, in base64, may be.
func longest(n int) int { return outMultiple*n + outFloor/3*4 + 1024 }

// blank is a GIF of one color, which is short for its size.
func blank(t testing.TB, width, height int) string {
	t.Helper()
	var buf bytes.Buffer
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	if err := gifs.Encode(&buf, img, nil); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// A picture of a few kilobytes that unpacks to gigabytes takes little.
func TestBombs(t *testing.T) {
	header := func(size string) string { return "GIF89a" + size + size + "\x00\x00\x00" }
	for i := range 4 {
		var conv Converter
		conv.converted.pixels = int64(i) * (10 << 20)
		got := conv.Settle(File{MIME: gif, Data: literal(header("\x00\x0d"))}) // 11 million pixels
		if many := strings.Contains(got.Text, tooMany); many != (i > 1) {
			t.Errorf("picture %d: %s", i, got.Text)
		}
		got = conv.Settle(File{MIME: gif, Data: literal(header("\xff\xff"))})
		if !strings.Contains(got.Text, manyPixels) {
			t.Errorf("a large one: %s", got.Text)
		}
	}
	var conv Converter
	conv.converted.written = allConverted
	if got := conv.Settle(File{MIME: gif, Data: literal(blank(t, 9, 9))}); !strings.Contains(got.Text, tooMany) {
		t.Errorf("no bytes left: %s", got.Text)
	}
	conv = Converter{}
	conv.converted.bytes = allConverted
	if got := conv.Settle(File{MIME: gif, Data: literal(blank(t, 9, 9))}); !strings.Contains(got.Text, tooMany) {
		t.Errorf("no bytes left to read: %s", got.Text)
	}
}

// A pixel of 64 bits counts twice.
func TestDeepPictures(t *testing.T) {
	for _, c := range []struct {
		img  image.Image
		want string
	}{
		{image.NewRGBA64(image.Rect(0, 0, 4096, 1537)), manyPixels},
		{image.NewRGBA(image.Rect(0, 0, 4096, 1537)), ""},
	} {
		var buf bytes.Buffer
		if err := tiffs.Encode(&buf, c.img, &tiffs.Options{Compression: tiffs.Deflate}); err != nil {
			t.Fatal(err)
		}
		var conv Converter
		if _, why := conv.toPNG(tiff, literal(buf.String())); why != c.want {
			t.Errorf("%T: %q, want %q", c.img, why, c.want)
		}
	}
}

// Of very small pictures there cannot be any number, either.
func TestManyPictures(t *testing.T) {
	var conv Converter
	data, n := blank(t, 1, 1), 0
	for range 1000 {
		if got := conv.Settle(File{MIME: gif, Data: literal(data)}); got.Data != nil {
			n++
		}
	}
	if n != allPixels/minPixels {
		t.Errorf("%d were converted", n)
	}
}

// A picture converted ahead is not converted again; beyond the budget pictures
// are skipped.
func TestAhead(t *testing.T) {
	var files []File
	for range 5 {
		files = append(files, File{MIME: gif, Data: literal(blank(t, 3000, 2500))})
	}
	files[4].Data = conversation.Quote("data:image/gif;base64," + files[4].Data.String())
	var conv Converter
	for i := len(files) - 1; i >= 0; i-- {
		conv.Ahead(files[i])
	}
	spent := conv.converted
	for i, f := range files {
		if got := conv.Settle(f); (got.MIME == png) != (i >= 2) || got.Same {
			t.Errorf("picture %d: %.100s %s", i, got.Text, got.Why)
		}
	}
	if conv.converted != spent {
		t.Errorf("converted again: %+v, %+v", spent, conv.converted)
	}
}

// A client that goes does not wait for the pictures of others, and a decoder
// that panics blocks nobody.
func TestTurn(t *testing.T) {
	left := make(chan struct{})
	conv := Converter{Gone: func() error {
		select {
		case <-left:
			return errors.New("gone")
		default:
			return nil
		}
	}}
	converting <- struct{}{}
	done := make(chan Sent)
	go func() { done <- conv.Settle(File{MIME: gif, Data: literal(blank(t, 9, 9))}) }()
	select {
	case got := <-done:
		t.Fatalf("it did not wait: %+v", got)
	case <-time.After(2 * waitPoll):
	}
	close(left)
	if got := <-done; got.Data != nil || !strings.Contains(got.Text, gone) {
		t.Errorf("%+v", got)
	}
	release()

	const broken = "image/x-broken"
	formats[broken] = format{config: func(*bytes.Reader) (image.Config, error) { panic("odd bytes") }}
	defer delete(formats, broken)
	conv = Converter{}
	if _, why := conv.toPNG(broken, literal("x")); why != brokenPicture {
		t.Errorf("told %q", why)
	}
	if conv.readable(broken, literal("x")) {
		t.Error("readable")
	}
	if len(converting) != 0 {
		t.Error("the turn was not given back")
	}
}

// BenchmarkPictures tells how much longer small pictures become.
func BenchmarkPictures(b *testing.B) {
	for _, side := range []int{1, 64, 1024} {
		b.Run(strconv.Itoa(side), func(b *testing.B) {
			data, out := literal(blank(b, side, side)), 0
			b.ReportAllocs()
			for b.Loop() {
				var conv Converter
				out = len(conv.Settle(File{MIME: gif, Data: data}).Data)
			}
			if out > longest(len(data)) {
				b.Errorf("%d bytes became %d", len(data), out)
			}
			b.ReportMetric(float64(out)/float64(len(data)), "out/in")
		})
	}
}
