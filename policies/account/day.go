package account

import (
	"time"
	_ "time/tzdata" // images without a file system's zones
)

// pacific is where Google's days end: quotas per day are reset at midnight there
// (ai.google.dev/gemini-api/docs/rate-limits).
var pacific = func() *time.Location {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err) // it is embedded
	}
	return zone
}()

// DayEnds is when Google's current day ends, at which daily quotas are reset.
func DayEnds(now time.Time) time.Time {
	y, m, d := now.In(pacific).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, pacific)
}

// dayLeft is the time until Google's day ends. It is called for each group, so
// the time zone is looked up only once a day.
func (p *Accounts) dayLeft(now time.Time) time.Duration {
	if !p.dayEnds.After(now) {
		p.dayEnds = DayEnds(now)
	}
	return p.dayEnds.Sub(now)
}
