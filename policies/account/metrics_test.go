package account

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/state"
)

// gathered are the samples of accounts by name and labels.
func gathered(t *testing.T, p *Accounts, model func(string) string) map[string]string {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(NewMetrics(func() *Accounts { return p }, model))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err) // two samples with the same labels, too
	}
	got := map[string]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetValue()
			}
			got[key] = fmt.Sprint(m.GetGauge().GetValue() + m.GetCounter().GetValue())
		}
	}
	return got
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, append(one(2, state.Rates{Requests: 10}), two[2]))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		keepBack(p, "a", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{30 * time.Second}})
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "rate_limit" {
			t.Fatal(got)
		}
		taught := leaseOf(p, "a", "n")
		taught.Note(Effects{Limits: []Quota{{ID: "GenerateRequestsPerDayPerProject", Value: "50"}}})
		taught.Done(Outcome{Sent: true, Tokens: 7})
		synctest.Wait() // a snapshot that was asked for has been read
		p.quotas[state.GroupModel{Group: "x/p", Model: "m"}].load = state.Load{Requests: 2, Tokens: 7, Day: 30}
		for i := range breakerFailures {
			lost := leaseOf(p, "c", "m")
			lost.request = RequestSum(i + 1)
			lost.Note(Effects{Failed: "peek_timeout"})
			lost.Done(Outcome{Sent: true, Tokens: -1})
		}
		got := gathered(t, p, func(m string) string { return m })
		for key, want := range map[string]string{
			"heald_account_cooldown_seconds a x m":    "30",
			"heald_account_slots_in_use a x":          "1",
			"heald_account_state a x ready":           "1", // it rests for one model alone
			"heald_account_slots a x":                 "2",
			"heald_accounts_acquired_total":           "1",
			"heald_accounts_refused_total rate_limit": "1",
			"heald_accounts_waiting":                  "0",
			"heald_backend_breaker x m":               "0",
			"heald_backend_breaker y m":               "2",
			"heald_backend_shed_ratio x m":            "0",
			"heald_group_used x/p rpm m":              "2",
			"heald_group_used x/p tpm m":              "7",
			"heald_group_used x/p rpd m":              "30",
			"heald_group_limit x/p rpm m":             "10",
			"heald_group_limit x/p rpd n":             "50",
			"heald_group_learned_limit x/p rpd n":     "50",
			"heald_group_learned_limit x/p rpm m":     "", // configured, not learned
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %q", key, got[key], want)
			}
		}
		held.Done(Outcome{})
	})
}

func TestWaitingTenantsInMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		ctx, cancel := context.WithCancel(context.Background())
		for range 2 {
			go func() { _, _ = p.Acquire(ctx, plan("m", "x"), Want{Tenant: "search", MaxWait: time.Minute}) }()
		}
		synctest.Wait()
		if got := gathered(t, p, func(m string) string { return m }); got["heald_tenant_waiting search"] != "2" || got["heald_accounts_waiting"] != "2" || got["heald_account_state a x busy"] != "1" {
			t.Errorf("%v", got)
		}
		cancel()
		synctest.Wait()
		held.Done(Outcome{})
	})
}

// Of models with one label the fullest is shown with its own limit: the sum of
// their use against one limit would look like a quota that is used up.
func TestModelsWithOneLabel(t *testing.T) {
	for _, test := range []struct {
		name string
		list []quotaUse
		want quotaUse
	}{
		{"limited", []quotaUse{{10, 20, 0}, {1, 20, 0}, {4, 5, 5}, {19, 40, 0}}, quotaUse{4, 5, 5}},
		{"unlimited", []quotaUse{{10, 0, 0}, {1, 0, 0}}, quotaUse{11, 0, 0}},
		{"both", []quotaUse{{10, 0, 0}, {1, 20, 0}, {100, 0, 0}}, quotaUse{1, 20, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got quotaUse
			for _, u := range test.list {
				got = got.with(u)
			}
			if got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// Clients choose the names of models. Whatever they ask for, and whatever is
// kept back for it, adds no series.
func TestModelsOfClientsMakeNoSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(2, state.Rates{Requests: 1_000_000}))
		label := func(model string) string {
			if model == "known" {
				return model
			}
			return "other"
		}
		flood := func(model string) {
			keepBack(p, "a", model, Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{time.Minute}})
			l := leaseOf(p, "a", model)
			l.Note(Effects{Failed: "peek_timeout", Limits: []Quota{{ID: "RequestsPerMinute", Value: "9"}}})
			l.Done(Outcome{Sent: true, Tokens: 1})
		}
		flood("known")
		flood("chosen-by-a-client")
		before := gathered(t, p, label)
		for i := range 3000 {
			flood(fmt.Sprintf("chosen-by-a-client-%d", i))
		}
		after := gathered(t, p, label)
		for key := range after {
			if _, known := before[key]; !known || strings.Contains(key, "chosen") {
				t.Errorf("a new series: %s", key)
			}
		}
		if after["heald_group_learned_limit x/p rpm other"] != "9" || after["heald_backend_breaker x other"] != "1" {
			t.Errorf("%v", after)
		}
	})
}
