package resume

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// play feeds a continuation in pieces of step bytes.
func play(j *joint, continuation string, step int) (string, error) {
	var out strings.Builder
	for len(continuation) > 0 {
		n := min(step, len(continuation))
		rest, err := j.feed(continuation[:n])
		if err != nil {
			return out.String(), err
		}
		out.WriteString(rest)
		continuation = continuation[n:]
	}
	return out.String(), nil
}

func TestJoint(t *testing.T) {
	const (
		first = "The harbor of Rotterdam is the largest in Europe. It lies at the mouth of the Rhine and the Meuse, and has grown westwards"
		tail  = "It lies at the mouth of the Rhine and the Meuse, and has grown westwards"
	)
	long := strings.Repeat("line of code that repeats itself\n", 20) + "and an end"
	for _, c := range []struct {
		name, said, continuation, rest string
		joined, refused                bool
	}{
		{name: "anchor and rest", said: first, continuation: tail + " since 1872.", rest: " since 1872.", joined: true},
		{name: "nothing but the anchor", said: first, continuation: tail, joined: true},
		{name: "space before it", said: first, continuation: "\n " + tail + ".", rest: ".", joined: true},
		{name: "the whole text again", said: first, continuation: first + ".", rest: ".", joined: true},
		{name: "a longer end of it", said: first, continuation: "in Europe. " + tail + ".", rest: ".", joined: true},
		{name: "the whole text again, blanks before it and all", said: "\n " + first, continuation: "\n " + first + ".", rest: ".", joined: true},
		{name: "the whole text, not to its end", said: first, continuation: first[:70]},
		{name: "the whole text but for one character", said: first, continuation: first[:30] + "!" + first[31:] + ".", refused: true},
		{name: "a short text, cut in a word", said: "Half an ans", continuation: "Half an answer.", rest: "wer.", joined: true},
		{name: "the end of a line", said: "one\ntwo\n", continuation: "one\ntwo\n\nthree", rest: "\nthree", joined: true},
		{name: "an end that is unique though lines repeat", said: long, continuation: long[len(long)-2*33-10:] + ".", rest: ".", joined: true},
		{name: "rest alone", said: first, continuation: " since 1872.", refused: true},
		{name: "less than the anchor", said: first, continuation: "has grown westwards since 1872.", refused: true},
		{name: "other words first", said: first, continuation: "Sure! " + tail + ".", refused: true},
		{name: "something else", said: first, continuation: "Hamburg is larger.", refused: true},
		{name: "a jump within the text", said: first, continuation: "The harbor of Rotterdam " + tail, refused: true},
		{name: "another wording", said: first, continuation: strings.Replace(tail, "mouth", "delta", 1), refused: true},
		{name: "not yet", said: first, continuation: tail[:30]},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 7, 1000} {
				anchor, ok := anchorOf(c.said)
				if !ok {
					t.Fatal("no anchor")
				}
				j := newJoint(c.said, anchor)
				rest, err := play(&j, c.continuation, step)
				if rest != c.rest || j.joined() != c.joined || (err != nil) != c.refused {
					t.Errorf("step %d: got %q, joined %t, error %v; want %q, %t, %t", step, rest, j.joined(), err, c.rest, c.joined, c.refused)
				}
			}
		})
	}
}

func TestAnchor(t *testing.T) {
	words := "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
	for _, c := range []struct {
		name, said, anchor string
	}{
		{"short", "  Hello wor", "Hello wor"},
		{"begins with a word", words, "five six seven eight nine ten eleven twelve thirteen fourteen"},
		{"one character", "x", "x"},
		{"nothing", "", ""},
		{"blank", " \n ", ""},
		{"no UTF-8", strings.Repeat("\x80", 2*anchorLength), strings.Repeat("\x80", 2*anchorLength)},
		{"a word without end", strings.Repeat("a", 2*anchorLimit), ""},
		{"a blank 39 bytes before", "a " + strings.Repeat("b", 39) + strings.Repeat("c", 60), strings.Repeat("b", 39) + strings.Repeat("c", 60)},
		{"a blank 40 bytes before", "a " + strings.Repeat("b", 40) + strings.Repeat("c", 60), strings.Repeat("c", 60)},
		{"the beginning 40 bytes before", strings.Repeat("b", 40) + strings.Repeat("c", 60), strings.Repeat("b", 40) + strings.Repeat("c", 60)},
		{"the beginning 41 bytes before", strings.Repeat("b", 41) + strings.Repeat("c", 60), strings.Repeat("c", 60)},
		{"a tab", "a\tb" + strings.Repeat("c", 60), "b" + strings.Repeat("c", 60)},
		{"a line", "a\nb" + strings.Repeat("c", 60), "b" + strings.Repeat("c", 60)},
		{"unique at twice the length", strings.Repeat("b", 200) + "x" + strings.Repeat("b", 100), strings.Repeat("b", 19) + "x" + strings.Repeat("b", 100)},
		{"unique from 1,000 bytes on", strings.Repeat("b", 50) + "x" + strings.Repeat("b", 999), "x" + strings.Repeat("b", 999)},
		{"not unique before 1,001 bytes", strings.Repeat("b", 1050) + "x" + strings.Repeat("b", 1000), ""},
		{"a whole text that repeats itself", strings.Repeat("b", 60), strings.Repeat("b", 60)},
		{"in the middle of a word", strings.Repeat("é", 100) + strings.Repeat("x", 61), strings.Repeat("x", 60)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := anchorOf(c.said)
			if c.name == "in the middle of a word" {
				// "x…" is not unique before all of them are in it.
				if !ok || !strings.HasSuffix(c.said, got) || strings.Count(c.said, got) != 1 {
					t.Errorf("got %q, %t", got, ok)
				}
				return
			}
			if got != c.anchor || ok != (c.anchor != "") {
				t.Errorf("got %q, %t; want %q", got, ok, c.anchor)
			}
		})
	}
}

// A continuation may repeat the last 32 KiB of the text, or all of it, and
// nothing between.
func TestJointRepeats(t *testing.T) {
	const most = 32 << 10
	var b strings.Builder
	for i := 0; b.Len() < 2*most; i++ {
		fmt.Fprintf(&b, "number-%d-of-a-text-without-repetitions-or-blanks;", i)
	}
	said := b.String()
	anchor, ok := anchorOf(said)
	if !ok {
		t.Fatal("no anchor")
	}
	for _, c := range []struct {
		repeats int
		ok      bool
	}{{most, true}, {most - 1, true}, {most + 1, false}, {len(said) - 1, false}, {len(said), true}} {
		j := newJoint(said, anchor)
		rest, err := play(&j, said[len(said)-c.repeats:]+"end", 1<<20)
		if (err == nil) != c.ok || c.ok && rest != "end" {
			t.Errorf("%d bytes: %q, %v", c.repeats, rest, err)
		}
	}
	short := said[len(said)-most:]
	j := newJoint(short, anchor)
	if rest, err := play(&j, short+"end", 1<<20); err != nil || rest != "end" {
		t.Errorf("all of 32 KiB: %q, %v", rest, err)
	}
}

// Wherever a text is cut, and however much of it the continuation repeats, the
// joined text is the whole one: nothing is lost and nothing is there twice.
func FuzzJoint(f *testing.F) {
	f.Add("The quick brown fox jumps over the lazy dog.", uint16(20), uint16(0), uint8(3))
	f.Add(strings.Repeat("ha", 100), uint16(90), uint16(7), uint8(1))
	f.Add("if x:\n        return\n    return\n", uint16(21), uint16(100), uint8(2))
	f.Add(strings.Repeat("abc def\n", 300), uint16(2000), uint16(5), uint8(9))
	f.Add(strings.Repeat("\x80", 120), uint16(120), uint16(0), uint8(9))
	f.Fuzz(func(t *testing.T, whole string, cut, more uint16, step uint8) {
		said := whole[:min(int(cut), len(whole))]
		anchor, ok := anchorOf(said)
		if !ok {
			return // such an answer is not resumed
		}
		if strings.Count(said, anchor) != 1 || !strings.HasSuffix(said, anchor) {
			t.Fatalf("%q is no unique end of %q", anchor, said)
		}
		from := max(0, len(said)-len(anchor)-int(more))
		j := newJoint(said, anchor)
		rest, err := play(&j, whole[from:], int(step)+1)
		if err != nil || !j.joined() || said+rest != whole {
			t.Errorf("%q + %q: got %q, joined %t, %v", said, whole[from:], said+rest, j.joined(), err)
		}
	})
}

// A reply that repeats the whole text needs no anchor: wherever a text is cut,
// the joined text is the whole reply.
func FuzzJointWhole(f *testing.F) {
	f.Add("The quick brown fox jumps over the lazy dog.", uint16(20), uint8(3))
	f.Add(strings.Repeat("ha", 100), uint16(90), uint8(1))
	f.Add(" \n leading blanks", uint16(2), uint8(0))
	f.Add("\x80\x80\x80\x80", uint16(3), uint8(0))
	f.Fuzz(func(t *testing.T, whole string, cut uint16, step uint8) {
		said := whole[:min(int(cut), len(whole))]
		anchor, _ := anchorOf(said)
		for _, a := range []string{anchor, ""} {
			j := newJoint(said, a)
			rest, err := play(&j, whole, int(step)+1)
			switch {
			case said == "" && rest == "": // nothing proves anything
			case err != nil || !j.joined() || said+rest != whole:
				t.Errorf("anchor %q, %q + %q: got %q, joined %t, %v", a, said, whole, said+rest, j.joined(), err)
			}
		}
	})
}

// A continuation that is anything else is either refused or held: what goes
// out follows a repetition of the last words, or of all of them, whatever came.
func FuzzJointForeign(f *testing.F) {
	f.Add("some words that were said", "said words", uint8(2))
	f.Fuzz(func(t *testing.T, said, foreign string, step uint8) {
		anchor, ok := anchorOf(said)
		for _, a := range []string{anchor, ""} {
			j := newJoint(said, a)
			rest, _ := play(&j, foreign, int(step)+1)
			if !j.joined() {
				if rest != "" {
					t.Errorf("%q went out without a seam", rest)
				}
				continue
			}
			repeated := strings.TrimSuffix(foreign, rest)
			last := ok && a != "" && strings.HasSuffix(repeated, anchor) && strings.HasSuffix(said, strings.TrimLeftFunc(repeated, unicode.IsSpace))
			if !last && repeated != said {
				t.Errorf("anchor %q: %q was taken for a repetition of %q", a, repeated, said)
			}
		}
	})
}

func BenchmarkJoint(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		said := strings.Repeat("All work and no play makes Jack a dull boy. ", n/44+1) + "The end"
		anchor, ok := anchorOf(said)
		if !ok {
			b.Fatal("no anchor")
		}
		b.Run(fmt.Sprint("repeated", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(said)))
			for b.Loop() {
				j := newJoint(said, anchor)
				if _, err := play(&j, said, 40); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
