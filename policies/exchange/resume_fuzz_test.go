package exchange

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// Wherever an answer breaks off, and however the rest comes, the client has
// either the whole text and a true end, or the beginning of it and an error:
// through the request for the rest, its bytes, decoding, joining and encoding.
func FuzzResume(f *testing.F) {
	f.Add("Rotterdam has the largest harbor of Europe.", uint8(30), uint8(0), uint8(7), true)
	f.Add("Rotterdam has the largest harbor of Europe.", uint8(30), uint8(200), uint8(1), true)
	f.Add("if x:\n\treturn \"\\\"\n\treturn\n", uint8(21), uint8(100), uint8(60), true)
	f.Add("ha ha ha ha ha ha", uint8(9), uint8(3), uint8(255), true)
	f.Add("größer als \u2028 \U0001f600 ist nichts", uint8(9), uint8(3), uint8(255), false)
	f.Fuzz(func(t *testing.T, whole string, cut, more, step uint8, finishes bool) {
		whole = strings.ToValidUTF8(whole, "?")
		said := whole[:atRune(whole, int(cut))]
		synctest.Test(t, func(t *testing.T) {
			b := breaking(t, ask, resumeSet, jsonFrame(said))
			if b.attempt.phase != passing {
				b.attempt.Close(policies.EndComplete)
				return // nothing was said, so it is retried
			}
			// Some forms of the request are refused first.
			b.refuse = slices.Repeat([]restRefusal{{status: 400, body: badForm}}, int(more)%4)
			b.upstream("", true)
			replies := 0
			b.eachRest(func(b *broken) {
				replies++
				rest := jsonFrame(whole[b.repeatsFrom(whole, int(more)):])
				if finishes {
					rest += stop
				}
				for len(rest) > 0 && !b.left {
					n := min(int(step)+1, len(rest))
					b.rest(rest[:n])
					rest = rest[n:]
				}
				b.restEnds()
			})
			judgeResumed(t, b, said, whole, finishes, replies > 0)
		})
	})
}

// repeatsFrom is where in the whole text a reply begins: the request says how
// much it shall repeat, and it may repeat more.
func (b *broken) repeatsFrom(whole string, more int) int {
	words := askedToRepeat(b.t, b.asked)
	if words == "" {
		return 0
	}
	return atRune(whole, len(textOf(b.t, b.body.String()))-len(words)-more)
}

// atRune moves an offset into s, and to the beginning of a character.
func atRune(s string, at int) int {
	at = max(0, min(at, len(s)))
	for at > 0 && at < len(s) && !utf8.RuneStart(s[at]) {
		at--
	}
	return at
}

// askedToRepeat are the words that a request for the rest asks to repeat; none
// are for all.
func askedToRepeat(t *testing.T, asked string) string {
	t.Helper()
	var request struct {
		Contents []struct{ Parts []struct{ Text string } }
	}
	if err := json.Unmarshal([]byte(asked), &request); err != nil || len(request.Contents) == 0 {
		t.Fatalf("%v in %s", err, asked)
	}
	parts := request.Contents[len(request.Contents)-1].Parts
	last := parts[len(parts)-1].Text
	_, words, _ := strings.Cut(last, "\n<last-words>")
	return strings.TrimSuffix(words, "</last-words>")
}

func jsonFrame(text string) string {
	return `data: {"candidates":[{"content":{"parts":[{"text":` + jsonString(text) + `}],"role":"model"}}]}` + "\n\n"
}

func judgeResumed(t *testing.T, b *broken, said, whole string, finishes, replied bool) {
	t.Helper()
	if !b.ended {
		t.Fatal("the answer did not end")
	}
	body := b.body.String()
	text, result := textOf(t, body), b.attempt.resumption
	complete := strings.Contains(body, "event: message_stop")
	switch {
	case complete == strings.Contains(body, "event: error"):
		t.Errorf("both a true end and an error, or neither: %s", body)
	case complete && (text != whole || !finishes || result == nil || result.result != heal.ReasonResumed):
		t.Errorf("ended as whole: %q after %q, want %q", text, said, whole)
	case !complete && (!strings.HasPrefix(whole, text) || !strings.HasPrefix(text, said)):
		t.Errorf("broken off with %q after %q, though the text was %q", text, said, whole)
	case finishes && !complete && replied:
		t.Errorf("asked for the rest of %q and got it, but did not join it to %q: %v", whole, said, result.err)
	}
}
