package chat

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Places count what was inserted before them; what was inserted right there
// comes before a start and after an end.
func TestCitationsAmongInsertions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		c := citations{on: true}
		for range random.IntN(8) {
			if random.IntN(2) == 0 {
				c.text(conversation.Quote(strings.Repeat("ä", random.IntN(4))))
			} else {
				c.insert(conversation.Quote(strings.Repeat("x", random.IntN(3))))
			}
		}
		var cited []conversation.Cited
		for range random.IntN(6) {
			start := random.IntN(len(c.answer)/2+1) * 2
			cited = append(cited, conversation.Cited{Start: start, End: start + random.IntN((len(c.answer)-start)/2+1)*2})
		}
		place := func(at int, start bool) int {
			chars := utf8.RuneCount(c.answer[:at])
			for _, in := range c.inserts {
				if in.at < at || in.at == at && start {
					chars += in.chars
				}
			}
			return chars
		}
		got := c.characters(cited)
		for i, cite := range cited {
			if from, to := place(cite.Start, true), place(cite.End, false); got[2*i] != from || got[2*i+1] != to {
				t.Fatalf("%+v in %q with %v: got %d to %d, want %d to %d", cite, c.answer, c.inserts, got[2*i], got[2*i+1], from, to)
			}
		}
	}
}
