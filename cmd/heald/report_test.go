package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Who asks for accounts sees that the files are not what runs, and why.
func TestRefusedFilesInTheReport(t *testing.T) {
	s, reload := rewriting(t, minimal)
	words := func() string {
		t.Helper()
		r := s.report().Redacted()
		var b strings.Builder
		if err := accounts.WriteTable(&b, &r, time.UTC); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	if got := words(); strings.Contains(got, "REFUSED") {
		t.Errorf("at the start: %s", got)
	}
	reload(minimal + "policies: {default: {attempts: 99}}\n")
	if got, want := words(), "The configuration of "+s.loaded.UTC().Format(time.TimeOnly)+" runs; THE FILES ARE REFUSED: policies.default.attempts: "; !strings.Contains(got, want) {
		t.Errorf("want %q: %s", want, got)
	}
	reload(minimal)
	if got := words(); strings.Contains(got, "REFUSED") {
		t.Errorf("mended: %s", got)
	}
}

// Who asks for accounts sees what tenants may do and what they have used of it.
func TestTenantsInTheReport(t *testing.T) {
	hash := "sha256:" + strings.Repeat("0", 64)
	s, _ := rewriting(t, minimal+"tenants:\n- {name: ads, models: ['gemini-*'], max_waiting: 0, limits: {requests/minute: 3, money/month: 400, tokens/total: 50}, keys: [{hash: '"+hash+"'}]}\n- {name: left, disabled: true}\n")
	now := time.Now()
	ads := s.policy.current.Load().Tenants()[0]
	want := ads.Want(tenant.Estimate{Tokens: 7, Cost: ptr(int64(3_100_000_000))}, now)
	if _, err := s.state.Take(t.Context(), &state.Want{Tenant: want}); err != nil {
		t.Fatal(err)
	}
	got := s.tenants(now)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	one := got[0]
	if one.Name != "ads" || len(one.Models) != 1 || one.MaxWaiting == nil || *one.MaxWaiting != 0 ||
		!maps.Equal(one.Used, map[string]float64{"requests/minute": 1, "money/month": 3.1, "tokens/total": 7}) || len(one.Until) != 2 || !one.Until["requests/minute"].Equal(tenant.Minute.End(now)) {
		t.Errorf("%+v", one)
	}
	if left := got[1]; !left.Disabled || left.MaxWaiting != nil || left.Used != nil {
		t.Errorf("%+v", left)
	}
}

func ptr[T any](v T) *T { return &v }
