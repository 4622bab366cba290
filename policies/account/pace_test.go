package account

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name   string
		load   state.Load
		limits state.Rates
		left   time.Duration
		want   float64
	}{
		{"no limit of the day", state.Load{Requests: 10, Day: 100}, state.Rates{Requests: 60}, time.Hour, 0},
		{"nothing was sent of late", state.Load{Day: 100}, state.Rates{Day: 150}, time.Hour, 0},
		{"the rest lasts until the end", state.Load{Requests: 5, Day: 100}, state.Rates{Day: 150}, 10 * time.Minute, 1},
		{"four times as fast", state.Load{Requests: 20, Day: 100}, state.Rates{Day: 150}, 10 * time.Minute, 4},
		{"the day allows half as much as the minutes", state.Load{Requests: 5, Day: 100}, state.Rates{Requests: 10, Day: 150}, 10 * time.Minute, 0.5},
		{"the day allows more than the minutes", state.Load{Requests: 5, Day: 0}, state.Rates{Requests: 10, Day: 1000}, 10 * time.Minute, 0},
		{"spent", state.Load{Requests: 1, Day: 150}, state.Rates{Day: 150}, 10 * time.Minute, 10},
		{"the day's last minute", state.Load{Requests: 5, Day: 100}, state.Rates{Day: 110}, time.Second, 0.5},
		{"the day is over", state.Load{Requests: 5, Day: 100}, state.Rates{Day: 110}, 0, 0},
	} {
		if got := Pace(c.load, c.limits, c.left); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The faster the worse, also where all are too fast; and never worse than to have
// tried the group.
func TestPaceCosts(t *testing.T) {
	last := Score(&Fit{Health: 100})
	for _, pace := range []float64{0.1, 0.5, 1, 3, 10, 20} {
		got := Score(&Fit{Health: 100, Pace: pace})
		if got > last-0.5 || got < Score(&Fit{Health: 100, Tried: true}) {
			t.Errorf("pace %v: %v points after %v", pace, got, last)
		}
		last = got
	}
	if got := Score(&Fit{Health: 100, Pace: math.NaN()}); got != 100 {
		t.Errorf("%v points for no number", got)
	}
}

// A group whose day is short is spared while another one has minutes that would
// lapse, and is there when that has none.
func TestDaysAreSpared(t *testing.T) {
	var list []Account
	for i, r := range []state.Rates{{Requests: 30, Day: 60}, {Requests: 30}} {
		list = append(list, Account{ID: fmt.Sprint(i), Backend: "x", Project: fmt.Sprint(i), Rates: r, Secret: NewSecret("s")})
	}
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		now := time.Now()
		time.Sleep(DayEnds(now).Sub(now) - 10*time.Minute)
		sent := map[string]int{}
		for range 40 { // 40 in a minute
			got, l := acquired(t, p, plan("m", "x"), Want{})
			if sent[got]++; l != nil {
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
			}
			time.Sleep(time.Second)
		}
		if sent["0"] < 10 || sent["0"] > 14 || sent["0"]+sent["1"] != 40 {
			t.Errorf("%v, want most at 1: the day of 0 has 6 a minute left", sent)
		}
	})
}
