package stopscan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

// trace writes events as one word each.
func trace(events []conversation.Event) []string {
	var out []string
	for _, ev := range events {
		switch ev.Kind {
		case conversation.EventText:
			out = append(out, string(ev.Text)+string(ev.Logprobs))
		case conversation.EventFinish:
			out = append(out, fmt.Sprintf("finish(%d,%s,%d)", ev.Finish, ev.Stop, ev.Usage.Output))
		default:
			out = append(out, fmt.Sprintf("event%d%s", ev.Kind, string(ev.Text)))
		}
	}
	return out
}

func text(literal string) conversation.Event {
	return conversation.Event{Kind: conversation.EventText, Text: conversation.Text(literal)}
}

func TestScan(t *testing.T) {
	used := text(`"x"`)
	used.Usage = conversation.Usage{Known: true, Output: 7}
	rated := text(`"E"`)
	rated.Logprobs = conversation.Raw(`[1]`)
	thought := conversation.Event{Kind: conversation.EventThought, Text: conversation.Text(`"END"`)}
	call := conversation.Event{Kind: conversation.EventCallStart}
	finish := conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishLength}
	for _, c := range []struct {
		name      string
		sequences []string
		in        []conversation.Event
		want      []string
	}{
		{"no sequences", nil, []conversation.Event{text(`"END"`), finish}, []string{`"END"`, "finish(2,,0)"}},
		{"empty sequences", []string{"", ""}, []conversation.Event{text(`"END"`)}, []string{`"END"`}},
		{"nothing found", []string{"END"}, []conversation.Event{text(`"a"`), text(`"b"`), finish}, []string{`"a"`, `"b"`, "finish(2,,0)"}},
		{"in one text", []string{"END"}, []conversation.Event{used, text(`"abENDcd"`), text(`"e"`), finish}, []string{`"x"`, `"ab"`, "finish(1,END,7)"}},
		{"at the very beginning", []string{"END"}, []conversation.Event{text(`"END"`)}, []string{"finish(1,END,0)"}},
		{"cut into pieces", []string{"END"}, []conversation.Event{text(`"aE"`), text(`"N"`), text(`"Db"`)}, []string{`"a"`, "finish(1,END,0)"}},
		{"held for nothing", []string{"END"}, []conversation.Event{text(`"aE"`), text(`"N"`), text(`"Eb"`), finish}, []string{`"a"`, `"ENEb"`, "finish(2,,0)"}},
		{"one that begins again inside of itself", []string{"aab"}, []conversation.Event{text(`"xa"`), text(`"aab"`), text(`"c"`)}, []string{`"x"`, `"a"`, "finish(1,aab,0)"}},
		{"held at the finish", []string{"END"}, []conversation.Event{text(`"aEN"`), finish}, []string{`"a"`, `"EN"`, "finish(2,,0)"}},
		{"no sequence across a call", []string{"END"}, []conversation.Event{text(`"EN"`), call, text(`"D"`), finish}, []string{`"EN"`, "event3", `"D"`, "finish(2,,0)"}},
		{"thoughts are not the answer", []string{"END"}, []conversation.Event{thought, text(`"a"`)}, []string{`event1"END"`, `"a"`}},
		{"escapes in the text", []string{"\n\"<é😀"}, []conversation.Event{text(`"a\n\"\u003c\u00e9\ud83d\ude00b"`)}, []string{`"a"`, "finish(1,\n\"<é😀,0)"}},
		{"escapes are held whole", []string{"😀😀"}, []conversation.Event{text(`"a\ud83d\ude00"`), text(`"\ud83d\ude01b"`)}, []string{`"a"`, `"\ud83d\ude00\ud83d\ude01b"`}},
		{"raw characters", []string{"😀!"}, []conversation.Event{text(`"é😀"`), text(`"!é"`)}, []string{`"é"`, "finish(1,😀!,0)"}},
		{"the first to end", []string{"bcde", "cd"}, []conversation.Event{text(`"abcde"`)}, []string{`"ab"`, "finish(1,cd,0)"}},
		{"of two that end together the longer", []string{"d", "bcd"}, []conversation.Event{text(`"abcd"`)}, []string{`"a"`, "finish(1,bcd,0)"}},
		{"falls back", []string{"aab"}, []conversation.Event{text(`"aa"`), text(`"aab"`)}, []string{`"aa"`, "finish(1,aab,0)"}},
		{"log probabilities stay", []string{"END"}, []conversation.Event{rated, text(`"x"`)}, []string{`""[1]`, `"Ex"`}},
	} {
		s := New(c.sequences)
		if diff := cmp.Diff(c.want, trace(s.Scan(nil, c.in))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
		last := c.want[len(c.want)-1]
		if stop, stopped := s.Stopped(); stopped != strings.HasPrefix(last, "finish(1") || !strings.Contains(last, stop) {
			t.Errorf("%s: stopped %v by %q", c.name, stopped, stop)
		}
	}
}

// What comes out may not change when the text it came from is gone.
func TestScanOwnsItsMemory(t *testing.T) {
	s := New([]string{"END"})
	first := []byte(`"aEN"`)
	got := s.Scan(nil, []conversation.Event{{Kind: conversation.EventText, Text: first}})
	clear(first)
	got = s.Scan(got, []conversation.Event{text(`"xEN"`)})
	got = s.Scan(got, []conversation.Event{text(`"yE"`)})
	if want := []string{`"a"`, `"ENx"`, `"ENy"`}; !slices.Equal(trace(got), want) {
		t.Errorf("got %q, want %q", trace(got), want)
	}
}

// However the answer is cut, what comes out is the answer up to the sequence
// that is complete first, and no more is held back than could begin one.
func FuzzScan(f *testing.F) {
	f.Add("abcEND\nx", "END", "\nx", uint8(2))
	f.Add("aaab😀é", "aab", "😀é", uint8(1))
	f.Add("abcde", "bcde", "cd", uint8(9))
	f.Fuzz(func(t *testing.T, answer, one, two string, step uint8) {
		answer, one, two = strings.ToValidUTF8(answer, "?"), strings.ToValidUTF8(one, "?"), strings.ToValidUTF8(two, "?")
		want, wantStop := naive(answer, one, two)
		for _, ascii := range []bool{false, true} {
			s := New([]string{one, two})
			got, sent := "", 0
			for piece := range pieces(answer, int(step)%7+1) {
				sent += len(piece)
				for _, ev := range s.Scan(nil, []conversation.Event{{Kind: conversation.EventText, Text: quote(piece, ascii)}}) {
					if !jsontext.Value(ev.Text).IsValid() && ev.Kind == conversation.EventText {
						t.Fatalf("no valid text: %q", ev.Text)
					}
					got += ev.Text.String()
				}
				if _, stopped := s.Stopped(); !stopped && sent-len(got) > max(len(one), len(two), 1)-1 {
					t.Fatalf("%d bytes are held", sent-len(got))
				}
			}
			for _, ev := range s.Scan(nil, []conversation.Event{{Kind: conversation.EventFinish}}) {
				got += ev.Text.String()
			}
			if stop, _ := s.Stopped(); got != want || stop != wantStop {
				t.Errorf("got %q stopped by %q, want %q by %q", got, stop, want, wantStop)
			}
		}
	})
}

func naive(answer string, sequences ...string) (text, stop string) {
	for end := range len(answer) + 1 {
		for _, q := range sequences {
			if q != "" && strings.HasSuffix(answer[:end], q) && len(q) > len(stop) {
				text, stop = strings.TrimSuffix(answer[:end], q), q
			}
		}
		if stop != "" {
			return text, stop
		}
	}
	return answer, ""
}

// pieces cuts s behind every n characters.
func pieces(s string, n int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			end := 0
			for range n {
				_, size := utf8.DecodeRuneInString(s[end:])
				end += size
			}
			if !yield(s[:end]) {
				return
			}
			s = s[end:]
		}
	}
}

// quote writes a text as upstreams do, ascii with escapes for all else.
func quote(s string, ascii bool) conversation.Text {
	if !ascii {
		return conversation.Quote(s)
	}
	out := []byte{'"'}
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		out = fmt.Appendf(out, `\u%04x`, r)
	}
	return append(out, '"')
}

func BenchmarkScan(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("chunks", n), func(b *testing.B) {
			literal := `"` + strings.Repeat("The quick brown fox; jumps\\nover ", 4) + `"`
			events := slices.Repeat([]conversation.Event{text(literal)}, n)
			sequences := []string{"</answer>", "\nHuman:", "STOP", "\n\n###"}
			var dst []conversation.Event
			b.ReportAllocs()
			b.SetBytes(int64(n * len(literal)))
			for b.Loop() {
				dst = New(sequences).Scan(dst[:0], events)
			}
		})
	}
}
