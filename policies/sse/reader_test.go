package sse

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// play feeds in to a reader, step bytes at a time, and returns its frames as
// "kind:data".
func play(t testing.TB, r *Reader, in []byte, step int) []string {
	t.Helper()
	var out []string
	add := func(f Frame) { out = append(out, fmt.Sprintf("%d:%s", f.Kind, f.Data)) }
	for chunk := range slices.Chunk(in, step) {
		own := bytes.Clone(chunk)
		if err := r.Feed(own); err != nil {
			return append(out, "error")
		}
		var frames []Frame
		for f, ok := r.Next(); ok; f, ok = r.Next() {
			frames = append(frames, f)
		}
		for _, f := range frames { // all must hold until now
			add(f)
		}
		clear(own) // its use from here on would show
	}
	for f, ok := r.End(); ok; f, ok = r.End() {
		add(f)
	}
	if r.Err() != nil {
		out = append(out, "error")
	}
	return out
}

func TestReader(t *testing.T) {
	bare := "{\n  \"error\": {\n    \"code\": 499\n  }\n}\n"
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"lf", "data: a\n\ndata: b\n\n", []string{"0:a", "0:b"}},
		{"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"0:a", "0:b"}},
		{"cr", "data: a\r\rdata: b\r\r", []string{"0:a", "0:b"}},
		{"mixed ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\r", []string{"0:a", "0:b", "0:c", "0:d"}},
		{"no space", "data:a\n\n", []string{"0:a"}},
		{"only one space goes", "data:  a \n\n", []string{"0: a "}},
		{"colons in the value", "data: {\"a\":\"b:c\"}\n\n", []string{`0:{"a":"b:c"}`}},
		{"several lines", "data: a\ndata:\ndata: b\n\n", []string{"0:a\n\nb"}},
		{"empty data", "data:\n\n", []string{"0:"}},
		{"data without a colon", "data\n\n", []string{"0:"}},
		{"no blank line at the end", "data: a\n\ndata: b\n", []string{"0:a", "0:b"}},
		{"no line end at the end", "data: a\n\ndata: b", []string{"0:a", "0:b"}},
		{"comments", ": ping\n\ndata: a\n:mid\ndata: b\n\n:\n", []string{"1:ping", "1:mid", "0:a\nb", "1:"}},
		{"other fields", "event: x\nid: 7\nretry: 10\ndata: a\n\nevent: y\n\n", []string{"0:a"}},
		{"many blank lines", "\n\r\n\rdata: a\n\n\n\n  \n", []string{"0:a"}},
		{"bom", "\ufeffdata: a\n\n", []string{"0:a"}},
		{"bom later is no bom", "data: a\n\n\ufeffdata: b\n", []string{"0:a", "2:\ufeffdata: b\n"}},
		{"bare error after events", "data: a\n\n" + bare, []string{"0:a", "2:" + bare}},
		{"bare error without a blank line", "data: a\n" + bare, []string{"0:a", "2:" + bare}},
		{"stray without line end", "data: a\n<html>", []string{"0:a", "2:<html>\n"}},
		{"json array", "[{\r\n  \"a\": 1\r\n}\r\n,\r\n{}]", []string{"2:[{\n  \"a\": 1\n}\n,\n{}]\n"}},
		{"html with blank lines", "<html>\n\n<p>no</p>\n", []string{"2:<html>\n\n<p>no</p>\n"}},
		{"stray, then events", "garbage\ndata: a\n\n", []string{"2:garbage\n", "0:a"}},
		{"stray, then a comment", "garbage\n: hi\n", []string{"2:garbage\n", "1:hi"}},
		{"unicode line separators are text", "data: a\u2028b\u2029\n\n", []string{"0:a\u2028b\u2029"}},
		{"nothing", "", nil},
		{"blank", "\r\n", nil},
	} {
		for _, step := range []int{1, 2, 3, 7, max(len(c.in), 1)} {
			if got := play(t, &Reader{}, []byte(c.in), step); !slices.Equal(got, c.want) {
				t.Errorf("%s, step %d: got %q, want %q", c.name, step, got, c.want)
			}
		}
	}
}

// A frame refers to the chunk where it can: no copy of what is complete.
func TestReaderDoesNotCopyWholeEvents(t *testing.T) {
	chunk := []byte("data: " + strings.Repeat("x", 1000) + "\r\n\r\n")
	r := &Reader{}
	got := testing.AllocsPerRun(100, func() {
		if err := r.Feed(chunk); err != nil {
			t.Fatal(err)
		}
		f, ok := r.Next()
		if !ok || &f.Data[0] != &chunk[6] {
			t.Fatal("the frame is not a slice of its chunk")
		}
		if _, ok := r.Next(); ok {
			t.Fatal("a second frame")
		}
	})
	if got != 0 {
		t.Errorf("%v allocations per event, want 0", got)
	}
}

func TestReaderUnread(t *testing.T) {
	r := &Reader{}
	for _, chunk := range []string{"data: a\n\nda", "ta: b\n\ndata: c"} {
		if err := r.Feed([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for f, ok := r.End(); ok; f, ok = r.End() {
		got = append(got, string(f.Data))
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReaderLimit(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"line at the limit", "data: abcd\n\n", []string{"0:abcd"}},
		{"line over it", "data: abcde\n\n", []string{"error"}},
		{"line without end", "data: abcdefghij", []string{"error"}},
		{"event over it", "data:123456\n\ndata:1\ndata:2345\ndata:67890\n\n", []string{"0:123456", "error"}},
		{"stray over it", "{\n \"a\":1,\n}\n", []string{"error"}},
	} {
		for _, step := range []int{1, 3, len(c.in)} {
			r := &Reader{MaxFrame: 10}
			if c.name == "event over it" {
				r.MaxFrame = 11
			}
			if got := play(t, r, []byte(c.in), step); !slices.Equal(got, c.want) {
				t.Errorf("%s, step %d: got %q, want %q", c.name, step, got, c.want)
			}
			if c.want[len(c.want)-1] == "error" {
				if err := r.Feed([]byte("data: x\n\n")); !errors.Is(err, ErrTooLong) {
					t.Errorf("%s: Feed after the error: %v", c.name, err)
				}
			}
		}
	}
}

// A reader that sets no limit takes a line of 32 MiB, and none longer.
func TestReaderDefaultLimit(t *testing.T) {
	const most = 32 << 20
	line := append(append([]byte("data:"), bytes.Repeat([]byte("x"), most-len("data:"))...), "\n\n"...)
	r := &Reader{}
	if err := r.Feed(line); err != nil {
		t.Fatal(err)
	}
	if f, ok := r.Next(); !ok || len(f.Data) != most-len("data:") || r.Err() != nil {
		t.Errorf("at the limit: %d bytes, %t, %v", len(f.Data), ok, r.Err())
	}
	line[most] = 'x' // where the line feed was
	r = &Reader{MaxFrame: -1}
	if err := r.Feed(line); err != nil {
		t.Fatal(err)
	}
	if f, ok := r.Next(); ok || !errors.Is(r.Err(), ErrTooLong) {
		t.Errorf("above the limit: %d bytes, %t, %v", len(f.Data), ok, r.Err())
	}
}

// After an error nothing comes out, whatever is pending.
func TestReaderEndsWithItsError(t *testing.T) {
	r := &Reader{MaxFrame: 10}
	if err := r.Feed([]byte("data: x\nyyyyyyyyyyyyyyyy")); err != nil {
		t.Fatal(err)
	}
	if f, ok := r.End(); ok || !errors.Is(r.Err(), ErrTooLong) {
		t.Errorf("got %+v, %v", f, r.Err())
	}
}

// What was handed out makes room for what comes, so that a long stream whose
// lines or events are all cut holds no more than a short one.
func TestReaderHoldsWhatIsPending(t *testing.T) {
	for _, c := range []struct{ name, chunk string }{
		{"cut lines", "1234567890\n\ndata: abcdefghij"},
		{"cut events", "data: 1234567890\ndata: 1\n\ndata: abcdefghij\n"},
		{"strays", "{}\n\n: x\n{}\n"},
	} {
		r := &Reader{}
		var early int
		for i := range 1000 {
			if err := r.Feed([]byte(c.chunk)); err != nil {
				t.Fatal(err)
			}
			for _, ok := r.Next(); ok; _, ok = r.Next() {
			}
			if i == 10 {
				early = r.Held()
			}
		}
		if late := r.Held(); early == 0 || late > early {
			t.Errorf("%s: %d bytes are held, %d in the beginning", c.name, late, early)
		}
		if n := r.Pending(); n == 0 || n > len(c.chunk) {
			t.Errorf("%s: %d bytes are pending", c.name, n)
		}
	}
}

// Envoy cuts bodies anywhere, so the cut must never show in the frames.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"data: a\r\n\r\ndata: b\n\n", "\ufeffdata:x\r\rdata", ": c\n{\n\"error\":1}\ndata:1\ndata:2\n", "data: a\nx\r\n\r\n",
	} {
		f.Add([]byte(s), uint8(0), uint16(40))
		f.Add([]byte(s), uint8(2), uint16(9))
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint8, limit uint16) {
		whole := play(t, &Reader{MaxFrame: int(limit)}, in, max(len(in), 1))
		cut := play(t, &Reader{MaxFrame: int(limit)}, in, int(step)+1)
		if !slices.Equal(whole, cut) {
			t.Errorf("limit %d, step %d: got %q, want %q", limit, int(step)+1, cut, whole)
		}
		if limit == 0 {
			if want := plain(in); !slices.Equal(whole, want) {
				t.Errorf("got %q, want %q", whole, want)
			}
		}
	})
}

// plain is the reader's grammar written down simply, over the whole input.
func plain(in []byte) (out []string) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(in))
	text = strings.TrimPrefix(text, "\ufeff")
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var data []string
	var stray string
	event := func() {
		if data != nil {
			out = append(out, "0:"+strings.Join(data, "\n"))
		}
		data = nil
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		blank := strings.TrimSpace(line) == ""
		known := name == "data" || name == "event" || name == "id" || name == "retry" || strings.HasPrefix(line, ":")
		switch {
		case !known && (!blank || stray != ""):
			event()
			stray += line + "\n"
			continue
		case stray != "":
			out = append(out, "2:"+stray)
			stray = ""
		}
		switch {
		case blank:
			event()
		case name == "":
			out = append(out, "1:"+strings.TrimPrefix(value, " "))
		case name == "data":
			data = append(data, strings.TrimPrefix(value, " "))
		}
	}
	event()
	if stray != "" {
		out = append(out, "2:"+stray)
	}
	return out
}
