package redact

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"testing"
)

// patterns are all that there are.
var patterns = map[string]*pattern{
	"forms": &forms, "announced": &announced, "userInfo": &userInfo, "links": &links, "buckets": &buckets, "emails": &emails,
	"projects": &projects, "projectNumbers": &projectNumbers, "dotted": &dotted, "colons": &colons, "localhost": &localhost,
}

// A text without a sign is not searched, so none that matches may lack it:
// whatever alternative it matches, in whatever case.
func TestEveryMatchHasASign(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test must repeat
	for name, p := range patterns {
		tree, err := syntax.Parse(p.expr.String(), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		matched := 0
		for range 5000 {
			var b strings.Builder
			write(&b, tree, rnd)
			if text := b.String(); p.expr.MatchString(text) {
				matched++
				if !p.hasSign(text) {
					t.Fatalf("%s matches %q, which has no sign", name, text)
				}
			}
		}
		if matched < 1000 {
			t.Errorf("%s: %d of 5000 texts match: the test makes the wrong ones", name, matched)
		}
	}
}

// write writes some text that an expression matches, but for what it asks of what
// stands around.
func write(b *strings.Builder, re *syntax.Regexp, rnd *rand.Rand) {
	repeat := func(least, most int) {
		for range least + rnd.IntN(most-least+1) {
			write(b, re.Sub[0], rnd)
		}
	}
	switch re.Op { //nolint:exhaustive // the rest matches no text
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if text := string(r); re.Flags&syntax.FoldCase != 0 && rnd.IntN(2) == 0 {
				b.WriteString(strings.ToUpper(text))
			} else {
				b.WriteString(text)
			}
		}
	case syntax.OpCharClass: // pairs of first and last
		pair := 2 * rnd.IntN(len(re.Rune)/2)
		first, last := re.Rune[pair], min(re.Rune[pair+1], re.Rune[pair]+200)
		b.WriteRune(first + rnd.Int32N(last-first+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			write(b, sub, rnd)
		}
	case syntax.OpAlternate:
		write(b, re.Sub[rnd.IntN(len(re.Sub))], rnd)
	case syntax.OpCapture:
		repeat(1, 1)
	case syntax.OpStar:
		repeat(0, 3)
	case syntax.OpPlus:
		repeat(1, 3)
	case syntax.OpQuest:
		repeat(0, 1)
	case syntax.OpRepeat:
		repeat(re.Min, max(re.Max, re.Min+3))
	}
}

// FuzzSigns looks for what the expressions match but the signs do not tell.
func FuzzSigns(f *testing.F) {
	for _, text := range append(keys, names...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, p := range patterns {
			if p.expr.MatchString(text) && !p.hasSign(text) {
				t.Errorf("%s matches %q, which has no sign", name, text)
			}
		}
	})
}

// BenchmarkForClient: nearly every answer has an id, few a text of the provider's.
func BenchmarkForClient(b *testing.B) {
	for name, text := range map[string]string{
		"id":    "hA8uacrjJsqE99-P26jViQY",
		"error": "Quota exceeded for quota metric 'Generate requests' and limit 'per minute' of service 'generativelanguage.googleapis.com' for consumer 'project_number:123456789012'.",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ForClient(text)
			}
		})
	}
}
