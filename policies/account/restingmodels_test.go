package account

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// A group whose limit of a model is 0 does not have it: no cooldown's end says
// otherwise, of the group or of its accounts.
func TestAbsentModelHasNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		none := leaseOf(p, "a", "m")
		none.Note(Effects{
			Limits:    []Quota{{ID: "GenerateRequestsPerDayPerProject", Value: "0"}},
			Cooldowns: []Cooldown{{Scope: OfGroup, OfModel: true, Cause: "quota", Kind: QuotaSpent, For: []time.Duration{time.Hour}, Probes: true}},
		})
		none.Done(Outcome{Sent: true, Tokens: -1})
		for range 2 { // also when the cooldown is over
			s := p.Status(time.Now())
			a := s.Accounts[0]
			for what, u := range map[string]Usable{"the group": s.Groups[len(s.Groups)-1].Usable, "the account": a.Models["m"]} {
				if u.Now || u.Kind != "quota" || !strings.HasPrefix(u.Why, "the model is not on this project's tier, limit 0") || !u.Until.IsZero() || !u.Probe.IsZero() {
					t.Errorf("%s: %+v", what, u)
				}
			}
			if !a.Now || len(a.Models) != 1 {
				t.Errorf("the account is %+v", a)
			}
			time.Sleep(2 * time.Hour)
		}
	})
}

// What a provider forbids is reported with its reason, if that is a constant,
// and apart from a refused credential.
func TestForbiddenInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for said, want := range map[string]string{
			"SERVICE_DISABLED":           "the provider forbids it: SERVICE_DISABLED (account a)",
			"":                           "the provider forbids it (account a)",
			"ask admin@example.com":      "the provider forbids it (account a)",
			strings.Repeat("LONG_", 100): "the provider forbids it (account a)",
		} {
			p := withStore(t, one(0, state.Rates{}))
			keepBack(p, "a", "", Cooldown{Scope: OfAccount, Cause: "forbidden", Kind: Forbidden, Said: said, For: []time.Duration{10 * time.Minute}, Probes: true})
			if a := p.Status(time.Now()).Accounts[0]; a.Why != want || a.Kind != "forbidden" || !a.Until.Equal(time.Now().Add(10*time.Minute)) {
				t.Errorf("%.20q: %+v", said, a)
			}
		}
	})
}
