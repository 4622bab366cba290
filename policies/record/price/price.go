package price

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Price is the price of a million tokens in millionths of the currency, which is
// that of a token in trillionths. In files it is written as a decimal number,
// per million tokens, as in Google's list: 1.25.
type Price int64

const (
	// perMillion is how many units of Price the currency's unit has.
	perMillion = 1_000_000
	// leastPrice is far below all prices per million tokens (the lowest of 2026
	// is 0.005) and above all of a single token (the highest is 0.00012).
	leastPrice = perMillion / 1000
	// mostPrice bounds sums; the highest price of 2026 is 120.
	mostPrice = 10_000 * perMillion
)

// errPerToken reports a price that is far too low.
var errPerToken = errors.New("looks like the price of one token; prices are those of a million tokens, and 0 is free")

// errNoPrice reports a text that is no number in the form of prices.
var errNoPrice = errors.New("is not a price")

// Parse reads a price. The error completes a sentence that begins with what
// stood there.
func Parse(s string) (Price, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	digits := len(fraction)
	if strings.ContainsAny(s, "eE") { // as JSON and YAML may write small numbers
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && f > 0 && f*perMillion < leastPrice {
			return 0, errPerToken
		}
		return 0, errNoPrice
	}
	n, err := strconv.ParseUint(whole, 10, 32)
	if whole == "" || err != nil || strings.HasSuffix(s, ".") || strings.Trim(fraction, "0123456789") != "" {
		return 0, errNoPrice
	}
	if n == 0 && strings.Trim(fraction, "0") == "" {
		return 0, nil
	}
	if digits > 6 {
		if n == 0 && strings.HasPrefix(fraction, "00") && strings.Trim(fraction[:3], "0") == "" {
			return 0, errPerToken
		}
		if strings.Trim(fraction[6:], "0") != "" {
			return 0, errors.New("has more than six decimals")
		}
		fraction, digits = fraction[:6], 6
	}
	part, _ := strconv.ParseUint(fraction+strings.Repeat("0", 6-digits), 10, 32)
	p := Price(n*perMillion + part)
	switch {
	case p < leastPrice:
		return 0, errPerToken
	case p > mostPrice:
		return 0, fmt.Errorf("is too much for a million tokens, at most %d", mostPrice/perMillion)
	}
	return p, nil
}

// String is the price of a million tokens.
func (p Price) String() string {
	s := fmt.Sprintf("%d.%06d", p/perMillion, p%perMillion)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// UnmarshalYAML reads a price.
func (p *Price) UnmarshalYAML(unmarshal func(any) error) error {
	var s string
	err := unmarshal(&s)
	if err == nil {
		*p, err = Parse(s)
	}
	return err
}

// UnmarshalJSON reads a price.
func (p *Price) UnmarshalJSON(b []byte) (err error) {
	*p, err = Parse(string(b))
	return err
}

// total adds up amounts; ok is false if a price is missing, or on overflow.
type total struct {
	trillionths int64
	unknown     bool
}

// mostTokens is more than any attempt uses; with it no sum overflows.
const mostTokens = 100_000_000

func (t *total) add(tokens int64, p *Price) {
	switch {
	case tokens == 0:
	case p == nil || tokens < 0 || tokens > mostTokens:
		t.unknown = true
	case t.trillionths > math.MaxInt64-tokens*int64(*p):
		t.unknown = true
	default:
		t.trillionths += tokens * int64(*p)
	}
}

// billionths rounds half up.
func (t *total) billionths() int64 {
	n := t.trillionths / 1000
	if t.trillionths%1000 >= 500 {
		n++
	}
	return n
}
