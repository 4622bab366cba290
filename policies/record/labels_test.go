package record

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestLabels(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLabels(NewMetrics(reg))
	l.Attempt(Attempt{Backend: "early", Usage: &Usage{Output: 7}}) // there are no names yet
	set := func(names ...string) map[string]bool {
		out := map[string]bool{}
		for _, n := range names {
			out[n] = true
		}
		return out
	}
	l.SetNames(Names{Tenants: set("team"), Backends: set("studio"), Accounts: set("studio-1"), Model: func(m string) string {
		if strings.HasPrefix(m, "gemini-2.5-pro") {
			return "gemini-2.5-pro"
		}
		return ""
	}})
	cost := int64(2_500_000_000)
	a := Attempt{Origin: Origin{Tenant: "team"}, Backend: "studio", Account: "studio-1", Model: "gemini-2.5-pro-001",
		Usage: &Usage{Input: 100, Cached: 40, Output: 30, Thinking: 10}, Cost: &cost}
	Fan{l, Fan{}}.Attempt(a)
	l.Attempt(a)
	Fan{l}.Request(Request{Usage: a.Usage, Cost: a.Cost}) // is not billed again
	l.Attempt(Attempt{})                                  // used nothing that is known
	// Names that a client can choose make no series of their own.
	for n := range 1000 {
		l.Attempt(Attempt{Origin: Origin{Tenant: strconv.Itoa(n)}, Backend: strconv.Itoa(n), Account: strconv.Itoa(n), Model: strconv.Itoa(n), Usage: &Usage{Input: 1}})
	}
	want := map[string]float64{
		"heald_usage_cost_total{account=studio-1,backend=studio,model=gemini-2.5-pro,tenant=team}":                 5,
		"heald_usage_tokens_total{account=other,backend=other,kind=input,model=other,tenant=other}":                1000,
		"heald_usage_tokens_total{account=studio-1,backend=studio,kind=cached,model=gemini-2.5-pro,tenant=team}":   80,
		"heald_usage_tokens_total{account=studio-1,backend=studio,kind=input,model=gemini-2.5-pro,tenant=team}":    120,
		"heald_usage_tokens_total{account=studio-1,backend=studio,kind=output,model=gemini-2.5-pro,tenant=team}":   40,
		"heald_usage_tokens_total{account=studio-1,backend=studio,kind=thinking,model=gemini-2.5-pro,tenant=team}": 20,
		"heald_usage_tokens_total{account=,backend=other,kind=output,model=,tenant=}":                              7,
		"heald_usage_unpriced_total{account=,backend=other,model=,tenant=}":                                        1,
		"heald_usage_unpriced_total{account=other,backend=other,model=other,tenant=other}":                         1000,
	}
	if diff := cmp.Diff(want, series(t, reg)); diff != "" {
		t.Error(diff)
	}
}
