package accounts

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// Kinds of what holds something back, see account.Kind, that this file describes.
const (
	busy        = "busy"
	capacity    = "capacity"
	tenantSlots = "tenant_slots"
	credential  = "credential"
	money       = "money"
	quota       = "quota"
	forbidden   = "forbidden"
	disabled    = "disabled"
)

// remedy says what the owner can do about something that does not end by itself.
var remedy = map[string]string{
	credential: "change the secret",
	money:      "top up, or raise the spending limit",
	quota:      "until a reload", // a limit of 0
	forbidden:  "see the log",
}

// class groups states for the summary.
func class(u *account.Usable) string {
	switch {
	case u.Now:
		return "ready"
	case u.Kind == disabled:
		return disabled
	case u.Kind == busy || u.Kind == tenantSlots || u.Kind == capacity && u.Until.IsZero():
		return busy
	case u.Kind == credential || u.Kind == money || u.Kind == forbidden || u.Until.IsZero():
		return "out"
	}
	return "resting"
}

// state says whether something may be asked. self is what the row is about, as
// in "account a", which is not repeated.
func (c clock) state(u *account.Usable, self string) string {
	_, name, _ := strings.Cut(self, " ")
	why := strings.TrimSuffix(strings.TrimSuffix(u.Why, " ("+self+")"), " ("+name+")")
	out := class(u)
	switch out {
	case disabled:
		out = why
	case busy:
		out += ": " + why
	case "out":
		out += ": " + why
		if r := remedy[u.Kind]; r != "" && (u.Kind != quota || u.Until.IsZero()) {
			out += "; " + r
		}
		if !u.Until.IsZero() {
			out += "; until " + c.tell(u.Until)
		}
	case "resting":
		out += " until " + c.tell(u.Until) + " (" + why + ")"
	}
	return out + c.probe(u)
}

// probe says when one request finds out whether it is over.
func (c clock) probe(u *account.Usable) string {
	switch {
	case u.Probe.IsZero():
		return ""
	case !u.Probe.After(c.at):
		return "; probe due"
	}
	return "; probe at " + c.tell(u.Probe)
}

// clock formats times for a moment and a time zone.
type clock struct {
	at time.Time
	in *time.Location
}

// tell formats a time; it leaves out the day if it is today.
func (c clock) tell(t time.Time) string {
	t = t.In(c.in)
	if t.Format(time.DateOnly) == c.at.In(c.in).Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("Jan 2 15:04")
}

// sum writes a sum of money: as count does, with two decimals if it has any.
func sum(n float64) string {
	out := count(n)
	if i := strings.IndexByte(out, '.'); i >= 0 && i == len(out)-2 {
		out += "0"
	}
	return out
}

// count writes a number: exact up to 10,000, and then with two decimals. A small
// part of a limit is never written as 0.
func count(n float64) string {
	unit := ""
	for _, u := range []struct {
		from, size float64
		name       string
	}{{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}} {
		if n >= u.from {
			n, unit = n/u.size, u.name
			break
		}
	}
	digits := 100.0
	if unit == "" && n < 1 {
		digits = 1e6 // budgets are counted in millionths
	}
	return strconv.FormatFloat(math.Round(n*digits)/digits, 'f', -1, 64) + unit
}

// of is how much of a limit is used; 0 means no limit, and a learned limit is
// marked.
func of(used, limit, learned int64) string {
	out := count(float64(used))
	if limit > 0 {
		out += "/" + count(float64(limit))
	}
	if limit > 0 && limit == learned {
		out += "*"
	}
	return out
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// words describes the store that replicas share.
func (s *State) words() string {
	switch s.Store {
	case "":
		return "It does not say where its state is."
	case "memory":
		return "Its state is in memory: it shares nothing with other replicas."
	}
	out := "Its state is in " + s.Store
	if s.Replicas > 0 {
		out += ", shared by " + plural(s.Replicas, "replica")
	}
	if s.Gone > 0 {
		out += " (" + strconv.Itoa(s.Gone) + " of them silent)"
	}
	why := cmp.Or(s.Why, "it decides by itself, with its part of each limit")
	switch {
	case s.Up:
	case s.Trouble != "":
		out += ", WHICH CANNOT BE USED: " + s.Trouble + "; meanwhile " + why
	default:
		out += ", WHICH DOES NOT ANSWER: " + why
	}
	return out + "."
}
