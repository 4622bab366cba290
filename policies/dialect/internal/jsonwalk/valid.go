package jsonwalk

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// What a Reader has read is valid, so finding the values within needs no
// further check, only the quotes and brackets.

// elements are the elements of v, a valid array, in order. They are slices of
// it.
func elements(v jsontext.Value) iter.Seq2[int, jsontext.Value] {
	return func(yield func(int, jsontext.Value) bool) { eachElement(v, yield) }
}

// eachElement, like eachField, is a function of its own so that its caller is
// inlined and a loop over it does not allocate.
func eachElement(v jsontext.Value, yield func(int, jsontext.Value) bool) {
	at := 1
	for i := 0; ; i++ {
		from, end := next(v, at)
		if from == end || !yield(i, v[from:end:end]) {
			return
		}
		at = end
	}
}

// Elements are those of v, which a Reader must have read: none unless it is an
// array. Unlike [Walker.List] it does not count them.
func Elements(v jsontext.Value) iter.Seq2[int, jsontext.Value] {
	return func(yield func(int, jsontext.Value) bool) {
		if v.Kind() == '[' {
			eachElement(v, yield)
		}
	}
}

// Fields are those of v, which a Reader must have read: none unless it is an
// object. Unlike [Walker.Object] it sets no limit on how many there are.
func Fields(v jsontext.Value) iter.Seq2[[]byte, jsontext.Value] {
	return func(yield func([]byte, jsontext.Value) bool) {
		if v.Kind() == '{' {
			eachField(v, yield)
		}
	}
}

// fields are the names, unescaped, and values of v, a valid object, in order.
func fields(v jsontext.Value) iter.Seq2[[]byte, jsontext.Value] {
	return func(yield func([]byte, jsontext.Value) bool) { eachField(v, yield) }
}

func eachField(v jsontext.Value, yield func([]byte, jsontext.Value) bool) {
	at := 1
	for {
		name, colon := next(v, at)
		from, end := next(v, colon)
		if colon-name < len(`""`) || from == end || !yield(Unquote(v[name:colon]), v[from:end:end]) {
			return
		}
		at = end
	}
}

// next is where the next value in v begins and ends; the same offset twice
// where the array or object ends.
func next(v []byte, at int) (from, end int) {
	for ; at < len(v); at++ {
		switch v[at] {
		case ' ', '\t', '\r', '\n', ',', ':':
		case ']', '}':
			return at, at
		default:
			return at, valueEnd(v, at)
		}
	}
	return at, at
}

// valueEnd is the offset behind the value that begins at v[at].
func valueEnd(v []byte, at int) int {
	depth := 0
	for at < len(v) {
		switch v[at] {
		case '"':
			at = stringEnd(v, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		default:
			at++
			if depth > 0 {
				continue
			}
			for at < len(v) && !delimits(v[at]) {
				at++
			}
		}
		if depth <= 0 {
			return at
		}
	}
	return at
}

// delimits reports whether c ends a number or a word.
func delimits(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', ']', '}':
		return true
	}
	return false
}

// stringEnd is the offset behind the string that begins at v[at].
func stringEnd(v []byte, at int) int {
	for i := at + 1; ; i++ {
		n := bytes.IndexByte(v[i:], '"')
		if n < 0 {
			return len(v)
		}
		i += n
		escapes := 0
		for v[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}
