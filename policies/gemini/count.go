package gemini

import (
	"errors"
	"fmt"
)

// ParseTokenCount reads a CountTokensResponse.
func ParseTokenCount(body []byte) (int, error) {
	var w walker
	w.open(trimPayload(body))
	n := -1
	if w.kind() != '{' {
		return 0, errors.New("decode token count: not a JSON object")
	}
	err := w.object(func(name []byte) error {
		if s := string(name); s == "totalTokens" || s == "total_tokens" {
			return w.int(&n)
		}
		return w.skip()
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("decode token count: %w", err)
	case n < 0:
		return 0, errors.New("decode token count: totalTokens is missing")
	}
	return n, nil
}

// EstimateTokens estimates the tokens of so many bytes, where the upstream
// cannot be asked: English text and JSON have about 3.5 bytes to a token.
func EstimateTokens(bytes int) int { return (bytes*2 + 6) / 7 }
