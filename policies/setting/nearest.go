package setting

import "strings"

// longestNear bounds the words that are compared, in bytes.
const longestNear = 64

// Nearest returns the one of names that was most likely meant by word; "" if
// there is none. It ignores case, and counts two swapped letters as one
// mistake. One letter in three may be wrong.
func Nearest(word string, names []string) string {
	best, least := "", 0
	word = strings.ToLower(word)
	if len(word) > longestNear {
		return ""
	}
	for _, name := range names {
		if len(name) > longestNear || min(len(word), len(name)) < 2 { // every name is near a single letter
			continue
		}
		n := distance(word, strings.ToLower(name))
		if n <= max(1, max(len(word), len(name))/3) && (best == "" || n < least) {
			best, least = name, n
		}
	}
	return best
}

// DidYouMean is a question to put behind a fault; "" if nothing is near.
func DidYouMean(word string, names []string) string {
	if near := Nearest(word, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// distance is the number of mistakes between two words: missing, added, wrong
// or swapped letters (optimal string alignment).
func distance(a, b string) int {
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			now[j] = last[j-1]
			if a[i-1] != b[j-1] {
				now[j] = 1 + min(last[j-1], last[j], now[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
