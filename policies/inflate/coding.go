package inflate

import (
	"errors"
	"strings"
)

// Coding is a content coding of HTTP.
type Coding string

// The codings that can be read.
const (
	Identity Coding = "" // not compressed
	Gzip     Coding = "gzip"
	Deflate  Coding = "deflate"
	Zstd     Coding = "zstd"
	Brotli   Coding = "br"
)

// Accepted lists them in the form of an Accept-Encoding header.
const Accepted = "gzip, deflate, zstd, br"

// The errors of Of.
var (
	ErrUnknown = errors.New("unknown content coding")
	ErrSeveral = errors.New("more than one content coding")
)

// Of reads the value of a Content-Encoding header; several lines of it are
// joined by commas. Only one coding is accepted: no client compresses a body
// twice, and that could make small bodies huge.
func Of(contentEncoding string) (Coding, error) {
	var found Coding
	for name := range strings.SplitSeq(contentEncoding, ",") {
		c := Coding(strings.ToLower(strings.TrimSpace(name)))
		switch c {
		case Identity, "identity":
			continue
		case "x-gzip": // the same, RFC 9110 8.4.1.3
			c = Gzip
		case Gzip, Deflate, Zstd, Brotli:
		default:
			return Identity, ErrUnknown
		}
		if found != Identity {
			return Identity, ErrSeveral
		}
		found = c
	}
	return found, nil
}
