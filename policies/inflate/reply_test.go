package inflate

import (
	"errors"
	"strings"
	"testing"
)

func TestReply(t *testing.T) {
	const text = "data: {\"candidates\": []}\r\n\r\n"
	type reply struct{ name, header, body, want string }
	replies := []reply{
		{"plain", "", text, text},
		{"identity", "identity", text, text},
		{"plain, with the mark inside", "", text + "\x1f\x8b", text + "\x1f\x8b"},
		{"gzip that is not told", "", string(formats[0].deflate(text)), text},
		{"nothing", "gzip", "", ""},
	}
	for _, f := range formats {
		replies = append(replies, reply{f.name, string(f.coding), string(f.deflate(text, text)), text + text})
	}
	for _, c := range replies {
		for _, step := range []int{1, 3, 1000} {
			r, err := NewReply(c.header)
			if err != nil {
				t.Fatal(err)
			}
			got, rest := "", c.body
			for err == nil {
				n := min(step, len(rest))
				var plain []byte
				plain, err = r.Next([]byte(rest[:n]), n == len(rest))
				got += string(plain)
				if rest = rest[n:]; rest == "" {
					break
				}
			}
			if err != nil || got != c.want {
				t.Errorf("%s in steps of %d: %q, %v", c.name, step, got, err)
			}
			r.Stop()
		}
	}
}

func TestReplyNamesUnknownCodings(t *testing.T) {
	if _, err := NewReply("lzma"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `"lzma"`) {
		t.Error(err)
	}
}

// What the decoder keeps of what came out counts.
func TestReplyHoldsItsWindow(t *testing.T) {
	for _, f := range formats {
		r, err := NewReply(string(f.coding))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(f.deflate(strings.Repeat("x", 1<<20)), false); err != nil {
			t.Fatal(err)
		}
		want := cap(r.out) + 1<<20
		if f.coding == Gzip || f.coding == Deflate {
			want = cap(r.out) + 32<<10
		}
		if r.Held() != want {
			t.Errorf("%s: %d held, want %d", f.name, r.Held(), want)
		}
		r.Stop()
	}
}

// What could be read before a break is not lost, and a large chunk's memory is
// not kept.
func TestReplyThatBreaks(t *testing.T) {
	r, err := NewReply("gzip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	z := formats[0].deflate("first, ", strings.Repeat("long ", 400_000), "last")
	plain, err := r.Next(z, false)
	if err != nil || len(plain) < 2_000_000 || r.Held() < 2_000_000 {
		t.Fatalf("%d bytes, %v, %d held", len(plain), err, r.Held())
	}
	if plain, err = r.Next([]byte("tail"), true); err == nil || len(plain) != 0 || r.Held() > outKept {
		t.Errorf("after its end: %q, %v, %d held", plain, err, r.Held())
	}
	if got, err := NewReply("gzip"); err != nil || got.Held() != 0 {
		t.Errorf("%d held before anything came, %v", got.Held(), err)
	} else {
		got.Stop()
	}
	var none *Reply
	none.Stop()
}
