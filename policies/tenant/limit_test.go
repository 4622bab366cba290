package tenant

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestLimitNames(t *testing.T) {
	if len(LimitNames) != 15 {
		t.Errorf("%d names: %v", len(LimitNames), LimitNames)
	}
	for _, name := range LimitNames {
		u, w, ok := ParseLimit(name)
		if !ok || u.String()+"/"+w.String() != name {
			t.Errorf("%s is %s/%s, %t", name, u, w, ok)
		}
	}
	for _, name := range []string{"", "requests", "requests/", "requests/year", "Requests/day", "euro/day"} {
		if _, _, ok := ParseLimit(name); ok {
			t.Errorf("%q is a limit", name)
		}
	}
}

func TestLimitsInUnitsOfBudgets(t *testing.T) {
	l := Limits{"money/total": 12.345678, "money/day": 0.1, "requests/minute": 60, "tokens/month": 1e12}
	want := []limit{
		{"requests/minute", Requests, Minute, 60}, {"tokens/month", Tokens, Month, 1e12},
		{"money/day", Money, Day, 100_000}, {"money/total", Money, Total, 12_345_678},
	}
	if got := l.list(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestLimitsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name  string
		value float64
		want  string
	}{
		{"requests/day", 1, ""}, {"money/day", 0.000001, ""}, {"tokens/day", 1e12, ""}, {"money/day", 1e12, ""},
		{"requests/day", 0, "t.limits.requests/day: 0 lets nothing pass"},
		{"requests/day", 0.5, "lets nothing pass"},
		{"requests/day", -1, "-1 lets nothing pass"},
		{"requests/day", 1.5, "1.5 is not a whole number of requests"},
		{"money/day", 0.0000001, "lets nothing pass"},
		{"money/day", math.NaN(), "NaN lets nothing pass"},
		{"money/day", math.Inf(1), "more than any limit"},
		{"tokens/day", 1e12 + 1, "more than any limit"},
		{"tokens/week", 1, `t.limits: there is no limit "tokens/week"; write one of requests/minute`},
		{"AIzaSyA1234567890abcdefghijklmnopqrstuv", 1, "not shown"},
	} {
		err := errors.Join(Limits{c.name: c.value}.Validate("t.limits")...)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "AIza")) {
			t.Errorf("%s: %v: got %v, want %q", c.name, c.value, err, c.want)
		}
	}
}
