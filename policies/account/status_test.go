package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/state"
)

// The status says in words why something is not usable, and until when.
func TestStatus(t *testing.T) {
	list := append(one(2, state.Rates{Requests: 10}), two[1:]...)
	list = append(list, Account{ID: "off", Backend: "y", Disabled: true, Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		now := time.Now()
		_, held := acquired(t, p, plan("m", "x"), Want{})
		keepBack(p, "b", "m", Cooldown{Scope: OfAccount, Cause: "bad_key", Kind: BadCredential, For: []time.Duration{forGood}, Probes: true})
		keepBack(p, "a", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{30 * time.Second}})
		lost := leaseOf(p, "c", "m")
		lost.Note(Effects{Failed: "peek_timeout"})
		lost.Done(Outcome{Sent: true, Tokens: -1})
		s := p.Status(now)
		byID := map[string]OneStatus{}
		for _, a := range s.Accounts {
			byID[a.ID] = a
		}
		if a := byID["a"]; !a.Now || a.InUse != 1 || a.Slots != 2 || !strings.Contains(a.Models["m"].Why, "rate limit") || !a.Models["m"].Until.Equal(now.Add(30*time.Second)) {
			t.Errorf("a: %+v", a)
		}
		if b := byID["b"]; b.Now || b.Why != "the credential is refused (account b)" || !b.Until.IsZero() || !b.Probe.Equal(now.Add(time.Minute)) {
			t.Errorf("b: %+v", b)
		}
		if off := byID["off"]; off.Now || !strings.Contains(off.Why, "disabled") {
			t.Errorf("off: %+v", off)
		}
		for _, b := range s.Backends {
			if want := map[string]string{"x": "closed", "y": "held back"}[b.Backend]; b.Breaker != want {
				t.Errorf("%s: %+v, want %s", b.Backend, b, want)
			}
		}
		if g := s.Groups[0]; g.Group != "x/p" || g.Used.Requests != 2 || g.Limits.Requests != 10 || g.Now {
			t.Errorf("the group is %+v", g)
		}
		out, err := json.Marshal(s)
		if err != nil || strings.Contains(string(out), "secret") || strings.Contains(string(out), "kb") {
			t.Errorf("%v %s", err, out)
		}
		held.Done(Outcome{})
	})
}

func TestQueueInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		ctx, cancel := context.WithCancel(context.Background())
		go func() { _, _ = p.Acquire(ctx, plan("m", "x"), Want{Tenant: "t", MaxWait: time.Minute}) }()
		synctest.Wait()
		if s := p.Status(time.Now()); len(s.Queues) != 1 || s.Queues[0] != (QueueStatus{"t", 1}) {
			t.Errorf("the queues are %v", s.Queues)
		}
		cancel()
		synctest.Wait()
		held.Done(Outcome{})
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(2, state.Rates{}))
		reg := prometheus.NewRegistry()
		reg.MustRegister(NewMetrics(func() *Accounts { return p }, func(string) string { return "other" }))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		keepBack(p, "a", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{30 * time.Second}})
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "rate_limit" {
			t.Fatal(got)
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
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
		for key, want := range map[string]string{
			"heald_account_cooldown_seconds a x other": "30",
			"heald_account_slots_in_use a x":           "1",
			"heald_account_slots a x":                  "2",
			"heald_accounts_acquired_total":            "1",
			"heald_accounts_refused_total rate_limit":  "1",
			"heald_accounts_waiting":                   "0",
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %s", key, got[key], want)
			}
		}
		held.Done(Outcome{})
	})
}
