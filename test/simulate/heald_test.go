package simulate

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// Replies mean to the scheduler what the verdict table makes of real ones.
func TestEffects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC: 4 p.m. at the provider
		for _, c := range []struct {
			name  string
			reply Reply
			limit account.LimitKind
			rest  time.Duration // of the group's model
			check func(account.Effects) bool
		}{
			{"answer", Reply{Status: 200}, 0, 0, func(e account.Effects) bool { return e.Answered }},
			{"requests", Reply{Status: 429, Limit: "rpm", Value: 60, After: 7 * time.Second}, account.RequestsPerMinute, 7 * time.Second, nil},
			{"tokens", Reply{Status: 429, Limit: "tpm", Value: 60, After: 7 * time.Second}, account.TokensPerMinute, 7 * time.Second, nil},
			{"day", Reply{Status: 429, Limit: "rpd", Value: 60, After: 20 * time.Second}, account.RequestsPerDay, 8 * time.Hour,
				func(e account.Effects) bool { return e.Cooldowns[0].Probes && e.Cooldowns[0].Stated == 20*time.Second }},
			{"without details", Reply{Status: 429, Limit: "rpm"}, 0, 5 * time.Second, func(e account.Effects) bool { return e.Limited }},
			{"shared capacity", Reply{Status: 429, Limit: "shared"}, 0, 0, func(e account.Effects) bool { return e.NoCapacity }},
			{"outage", Reply{Status: 503}, 0, 0, func(e account.Effects) bool { return e.Failed != "" && e.Doubtful }},
			{"silence", Reply{}, 0, 0, func(e account.Effects) bool { return e.Failed != "" && e.Doubtful }},
		} {
			e := effects(c.reply)
			var kind account.LimitKind
			for _, q := range e.Limits {
				kind, _, _ = q.Limit("flash")
			}
			var rest time.Duration
			for _, d := range e.Cooldowns {
				if d.Scope != account.OfGroup || !d.OfModel {
					t.Errorf("%s: rests %v, want the group's model", c.name, d.Scope)
				}
				rest = d.For[0]
			}
			if kind != c.limit || rest != c.rest || c.check != nil && !c.check(e) {
				t.Errorf("%s: %+v; want limit %v, rest %v", c.name, e, c.limit, c.rest)
			}
		}
	})
}
