package stopscan

import "testing"

// Each form in which a character may stand in a JSON string, and what is left
// of one that is cut.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		in      string
		escaped int
		plain   string
	}{
		{"ab", 1, "a"}, {"é", 2, "é"}, {"😀x", 4, "😀"},
		{`\nx`, 2, "\n"}, {`\t`, 2, "\t"}, {`\r`, 2, "\r"}, {`\b`, 2, "\b"}, {`\f`, 2, "\f"}, {`\"`, 2, `"`}, {`\\`, 2, `\`}, {`\/`, 2, "/"},
		{`\u0041B`, 6, "A"}, {`\u00e9`, 6, "é"}, {`\ud83d\ude00x`, 12, "😀"}, {`\uD83D\uDE00`, 12, "😀"},
		{`\ud83dx`, 6, "\uFFFD"}, {`\ud83d\n`, 6, "\uFFFD"}, {`\ud83d\u0041`, 6, "\uFFFD"}, {`\ude00`, 6, "\uFFFD"}, {`\ud83d\ude0`, 6, "\uFFFD"},
		{`\`, 1, `\`}, {`\u`, 2, "\uFFFD"}, {`\u00e`, 5, "\uFFFD"}, {`\u00zz`, 6, "\uFFFD"}, {`\ud83dabcdefg`, 6, "\uFFFD"}, {`\ud83d\nabcde`, 6, "\uFFFD"}, {`\ud83d\xde00`, 6, "\uFFFD"},
	} {
		got, plain := next([]byte(c.in))
		if want := (char{c.escaped, len(c.plain)}); got != want || string(plain[:got.plain]) != c.plain {
			t.Errorf("%q: %+v %q, want %+v %q", c.in, got, plain[:got.plain], want, c.plain)
		}
	}
}
