package jsonwalk

import "github.com/go-json-experiment/json/jsontext"

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // its only error is about the U+FFFD
	return dst
}

// AppendNullable appends s as a JSON string, or null if it is empty.
func AppendNullable(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, `null`...)
	}
	return AppendString(dst, s)
}

// Separate appends a comma unless list, the elements of an array so far, is
// empty.
func Separate(list []byte) []byte {
	if len(list) > 0 {
		return append(list, ',')
	}
	return list
}
