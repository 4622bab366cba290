package tenant

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Unit is what a limit counts.
type Unit uint8

const (
	Requests Unit = iota // attempts: a retry counts again, since the provider may bill it
	Tokens               // input and output
	Money                // in the currency of the price table
)

var unitNames = [...]string{"requests", "tokens", "money"}

// String is the unit's name in configuration.
func (u Unit) String() string { return unitNames[u] }

// micro is how many units of a store's budgets are one unit of money: budgets
// are whole numbers.
const micro = 1_000_000

// mostLimit bounds limits, so that sums of them stay exact.
const mostLimit = 1e12

// Limits are the limits of a tenant by name, such as requests/minute, tokens/day
// or money/total. Money is in the currency of the price table, and may have
// decimals.
type Limits map[string]float64

// LimitNames are all names of limits.
var LimitNames = func() (names []string) {
	for u := range Unit(len(unitNames)) {
		for w := range Window(len(windowNames)) {
			names = append(names, limitName(u, w))
		}
	}
	return names
}()

func limitName(u Unit, w Window) string { return u.String() + "/" + w.String() }

// ParseLimit reads the name of a limit.
func ParseLimit(name string) (u Unit, w Window, ok bool) {
	i := slices.Index(LimitNames, name)
	if i < 0 {
		return 0, 0, false
	}
	return Unit(i / len(windowNames)), Window(i % len(windowNames)), true
}

// limit is one of Limits, in the units of a store's budgets.
type limit struct {
	name   string
	unit   Unit
	window Window
	most   int64
}

// list returns the limits in the order of LimitNames.
func (l Limits) list() []limit {
	var out []limit
	for _, name := range LimitNames {
		value, ok := l[name]
		if !ok {
			continue
		}
		u, w, _ := ParseLimit(name)
		if u == Money {
			value *= micro
		}
		out = append(out, limit{name, u, w, int64(math.Round(value))})
	}
	return out
}

// Validate lists invalid limits. path is that of the limits.
func (l Limits) Validate(path string) []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(l)) {
		value := l[name]
		u, _, ok := ParseLimit(name)
		p := &setting.Problem{Path: path + "." + name}
		least := 1.0
		if u == Money {
			least = 1.0 / micro
		}
		switch {
		case !ok:
			p.Path, p.Found, p.Fix = path, "there is no limit "+redact.Quote(name), "write one of "+strings.Join(LimitNames, ", ")
		case !(value >= least): // NaN, too
			p.Found, p.Fix = fmt.Sprintf("%v lets nothing pass", value), "write a number above 0, or disabled: true to keep the tenant out"
		case value > mostLimit:
			p.Found, p.Fix = fmt.Sprintf("%v is more than any limit", value), "leave the line out for no limit"
		case u != Money && value != math.Trunc(value):
			p.Found, p.Fix = fmt.Sprintf("%v is not a whole number of %s", value, u), "write digits only"
		default:
			continue
		}
		errs = append(errs, p)
	}
	return errs
}
