package account

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// pacePoints is what a group loses that is used faster than its day allows: as
// much as for a full quota, so that other groups' minutes, which would lapse,
// are used first.
const pacePoints = 60

// Pace is how a group's use of the last minute compares with what is left of its
// day, for [Fit.Pace]: 1 if the rest would last exactly until the day ends, 2 if it
// is used up in half of that time. It is 0 without a limit of the day, and smaller
// where the day allows nearly as much as the minutes do.
//
// An unused part of a minute is lost; a used part of a day comes back only at
// its end. So while other groups have room, a day's quota is used evenly; when
// they have none, it is used faster.
func Pace(load state.Load, limits state.Rates, left time.Duration) float64 {
	if limits.Day <= 0 || left <= 0 {
		return 0
	}
	perMinute := float64(max(limits.Day-load.Day, 1)) / max(left.Minutes(), 1)
	scarce := 1.0
	if limits.Requests > 0 {
		scarce = 1 - unit(perMinute/float64(limits.Requests))
	}
	return scarce * float64(load.Requests) / perMinute
}

// paceLoss are the points that a pace costs. It has no upper end that is reached
// early: where all groups are used too fast, the one that is used fastest loses
// most.
func paceLoss(pace float64) float64 {
	if !(pace > 0) {
		return 0
	}
	return pacePoints * pace / (0.5 + pace)
}
