package tenant

import "time"

// Window is how long a limit counts. Windows are fixed: they end by the UTC
// clock, for all tenants at once.
type Window uint8

const (
	Minute Window = iota
	Hour
	Day
	Month
	Total // never ends
)

var windowNames = [...]string{"minute", "hour", "day", "month", "total"}

// String is the window's name in configuration.
func (w Window) String() string { return windowNames[w] }

// never is the end of Total, far in the future.
var never = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// End is when the window ends in which now lies. now itself is never the end:
// there a new window begins.
func (w Window) End(now time.Time) time.Time {
	now = now.UTC()
	y, m, d := now.Date()
	switch w {
	case Minute:
		return time.Date(y, m, d, now.Hour(), now.Minute()+1, 0, 0, time.UTC)
	case Hour:
		return time.Date(y, m, d, now.Hour()+1, 0, 0, 0, time.UTC)
	case Day:
		return time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
	case Month:
		return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return never
}
