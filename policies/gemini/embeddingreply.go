package gemini

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// ErrNoVectors reports a complete reply without exactly one vector for each
// input.
var ErrNoVectors = errors.New("not one vector for each input")

// ParseEmbeddings reads the reply of any of the three methods to a request of n
// inputs. What it returns refers to body.
func ParseEmbeddings(body []byte, n int) (*conversation.Embeddings, error) {
	var r embeddingReader
	body = trimPayload(body)
	r.open(body)
	if r.kind() != '{' {
		return nil, errors.New("decode embeddings: not a JSON object")
	}
	if err := r.object(r.member); err != nil {
		return nil, fmt.Errorf("decode embeddings: %w", err)
	}
	if len(r.out.Vectors) != n {
		return nil, fmt.Errorf("decode embeddings: %w: %d for %d", ErrNoVectors, len(r.out.Vectors), n)
	}
	for i := range r.out.Vectors {
		v := &r.out.Vectors[i]
		if !isVector(v.Values) || length(v.Values) != length(r.out.Vectors[0].Values) {
			return nil, fmt.Errorf("decode embeddings: %w: number %d is none", ErrNoVectors, i)
		}
		if n == 1 && v.Tokens == 0 {
			v.Tokens = r.out.Tokens
		}
		v.Truncated = v.Truncated || n == 1 && r.truncated
	}
	return &r.out, nil
}

// embeddingReader reads one reply.
type embeddingReader struct {
	walker
	out       conversation.Embeddings
	truncated bool // set by a reply for one input
}

func (r *embeddingReader) member(name []byte) error {
	switch string(name) {
	case "embedding":
		return r.vector()
	case "embeddings":
		return r.array(r.vector)
	case "predictions":
		return r.array(func() error {
			before := len(r.out.Vectors)
			err := r.object(func(name []byte) error {
				if string(name) == "embeddings" {
					return r.vector()
				}
				return r.skip()
			})
			if err == nil && len(r.out.Vectors) == before {
				r.out.Vectors = append(r.out.Vectors, conversation.Vector{}) // the others keep their places
			}
			return err
		})
	case "truncated":
		return r.bool(&r.truncated)
	case "usageMetadata":
		return r.object(func(name []byte) error {
			if string(name) == "promptTokenCount" {
				return r.int(&r.out.Tokens)
			}
			return r.skip()
		})
	}
	return r.skip()
}

// vector reads a ContentEmbedding.
func (r *embeddingReader) vector() error {
	var v conversation.Vector
	err := r.object(func(name []byte) error {
		switch string(name) {
		case "values":
			return r.value((*jsontext.Value)(&v.Values))
		case "statistics":
			return r.object(func(name []byte) error {
				switch string(name) {
				case "token_count", "tokenCount":
					return r.int(&v.Tokens)
				case "truncated":
					return r.bool(&v.Truncated)
				}
				return r.skip()
			})
		}
		return r.skip()
	})
	r.out.Vectors = append(r.out.Vectors, v)
	return err
}

// isVector reports whether a JSON value is a list of numbers that 64 bits can
// hold, of which not all are zero. A list of anything but letters, quotes and
// brackets qualifies.
func isVector(v []byte) bool {
	if len(v) < 2 || v[0] != '[' {
		return false
	}
	nonzero := false
	for number := range bytes.SplitSeq(v[1:len(v)-1], []byte(",")) {
		is, ok := isNonzero(number)
		if !ok {
			return false
		}
		nonzero = nonzero || is
	}
	return nonzero
}

// isNonzero reports whether a number of a list is another than zero; ok is
// false for one that is too large, or no number. Most have neither an exponent
// nor so many digits that they must be parsed.
func isNonzero(number []byte) (nonzero, ok bool) {
	const fewDigits = 300
	plain := len(number) <= fewDigits
	for _, c := range number {
		switch {
		case '1' <= c && c <= '9':
			nonzero = true
		case c == 'e', c == 'E':
			plain = false
		case c == '0', bytes.IndexByte([]byte(" \t\r\n+-."), c) >= 0:
		default:
			return false, false
		}
	}
	if plain {
		return nonzero, true
	}
	n, err := strconv.ParseFloat(string(bytes.TrimSpace(number)), 64)
	return n != 0, err == nil
}

// length is that of a list of numbers.
func length(v []byte) int { return bytes.Count(v, []byte(",")) }
