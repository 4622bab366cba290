package hedge

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

// Off is the value of the setting for no duplicates.
const Off = "off"

// Bounds of the setting.
const (
	// Shortest is the shortest fixed delay: quicker than any model answers, so
	// that every request would be sent twice.
	Shortest = 50 * time.Millisecond
	// The lowest and the highest percentile. Below 90 more duplicates are due
	// than the budget has.
	lowest, highest = 50, 99
)

// Delay is how long an attempt may take before it is sent again. The zero value
// means never.
type Delay struct {
	Fixed      time.Duration
	Percentile int // of the times seen; 0 for a fixed delay
}

var percentile = regexp.MustCompile(`^p([0-9]{1,3})$`)

// ParseDelay reads the setting: "off", a duration such as "2s", or a percentile
// such as "p90". The error goes behind the value.
func ParseDelay(s string) (Delay, error) {
	if s == Off {
		return Delay{}, nil
	}
	if m := percentile.FindStringSubmatch(s); m != nil {
		p, err := strconv.Atoi(m[1])
		if err != nil || p < lowest || p > highest {
			return Delay{}, errors.New("is not between p50 and p99")
		}
		return Delay{Percentile: p}, nil
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return Delay{}, errors.New(`is neither "off", nor a duration such as 2s, nor a percentile from p50 to p99`)
	case d < Shortest:
		return Delay{}, errors.New("is shorter than " + Shortest.String() + ": every request would be sent twice")
	}
	return Delay{Fixed: d}, nil
}
