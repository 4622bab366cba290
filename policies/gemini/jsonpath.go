package gemini

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits on the paths of streamed arguments. Arguments nest a few levels; a
// longer path is an error of the upstream.
const (
	maxPathSteps  = 64
	maxPathLength = 4 << 10
)

var errPath = errors.New("not a path to one value")

// step is one step of a path: a member's name, or an element's index.
type step struct {
	name    string
	index   int
	indexed bool
}

// parsePath reads a singular RFC 9535 path such as $.ops[0]['a.b']. Steps that
// select several values (wildcards, slices, filters, descendants) and indexes
// from the end are refused: an argument is one value at one place.
func parsePath(path string) ([]step, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || len(path) > maxPathLength {
		return nil, fmt.Errorf("jsonPath %.100q: %w", path, errPath)
	}
	var steps []step
	for rest != "" {
		var s step
		var ok bool
		if s, rest, ok = nextStep(rest); !ok || len(steps) == maxPathSteps {
			return nil, fmt.Errorf("jsonPath %.100q: %w", path, errPath)
		}
		steps = append(steps, s)
	}
	if len(steps) == 0 || steps[0].indexed {
		return nil, fmt.Errorf("jsonPath %.100q: arguments are members of an object: %w", path, errPath)
	}
	return steps, nil
}

func nextStep(rest string) (s step, after string, ok bool) {
	if name, found := strings.CutPrefix(rest, "."); found {
		// The standard allows fewer characters in this shorthand; names such
		// as "file-path" are taken as they are meant.
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		return step{name: name[:end]}, name[end:], end > 0 && name[:end] != "*"
	}
	inner, found := strings.CutPrefix(rest, "[")
	if !found || inner == "" {
		return step{}, "", false
	}
	if inner[0] == '\'' || inner[0] == '"' {
		s.name, after, ok = quotedName(inner)
	} else {
		var digits string
		digits, after, ok = strings.Cut(inner, "]")
		n, err := strconv.ParseUint(digits, 10, 31)
		return step{index: int(n), indexed: true}, after, ok && err == nil
	}
	after, closed := strings.CutPrefix(strings.TrimLeft(after, " \t"), "]")
	return s, after, ok && closed
}

// quotedName reads a quoted member name and returns what follows it.
func quotedName(in string) (name, rest string, ok bool) {
	quote, out := in[0], []byte(nil)
	for i := 1; i < len(in); i++ {
		switch c := in[i]; {
		case c == quote:
			return string(out), in[i+1:], true
		case c != '\\':
			out = append(out, c)
		case i+1 == len(in):
			return "", "", false
		case in[i+1] == 'u':
			r, n := escapedRune(in[i:])
			if n == 0 {
				return "", "", false
			}
			out = utf8.AppendRune(out, r)
			i += n - 1
		default:
			i++
			if at := strings.IndexByte(`bfnrt`, in[i]); at >= 0 {
				c = "\b\f\n\r\t"[at]
			} else {
				c = in[i] // a quote, a backslash, a slash
			}
			out = append(out, c)
		}
	}
	return "", "", false
}

// escapedRune reads \uXXXX, or a pair of them, at the beginning of in. n is 0
// if there is none.
func escapedRune(in string) (r rune, n int) {
	r, ok := hex4(in)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(in[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// hex4 reads \uXXXX at the beginning of in.
func hex4[bytes ~[]byte | ~string](in bytes) (rune, bool) {
	if len(in) < 6 || in[0] != '\\' || in[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(in[2:6]), 16, 16)
	return rune(n), err == nil
}
