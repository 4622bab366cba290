package monitor

import (
	"time"

	report "github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
)

// pool is a report of accounts on a bad day: every state that there is.
func pool(now time.Time) report.Report {
	ready, never := account.Usable{Now: true}, time.Time{}
	in := func(d time.Duration) time.Time { return now.Add(d) }
	u := func(kind account.Kind, why string, until, probe time.Time) account.Usable {
		return account.Usable{Kind: kind.String(), Why: why, Until: until, Probe: probe}
	}
	limited := u(account.RateLimit, "the rate limit is reached (group ai_studio/ads)", in(29*time.Second), never)
	return report.Report{
		Replica:       "heald-7c4d-x2x9q",
		State:         report.State{Store: "redis", Up: true, Replicas: 3},
		Configuration: report.Configuration{Loaded: in(-3 * time.Hour)},
		Status: account.Status{
			At: now,
			Accounts: []account.AccountStatus{
				{ID: "search-1", Backend: "ai-studio", Group: "ai_studio/search-prod", InUse: 2, Slots: 8, Usable: ready},
				{ID: "search-2", Backend: "ai-studio", Group: "ai_studio/search-prod", InUse: 8, Slots: 8, Usable: u(account.Busy, "all slots are taken (search-2)", never, never)},
				{ID: "ads-1", Backend: "ai-studio", Group: "ai_studio/ads", InUse: 1, Usable: ready, Models: map[string]account.Usable{"gemini-3.8-flash": limited}},
				{ID: "ads-2", Backend: "ai-studio", Group: "ai_studio/ads", Usable: u(account.BadCredential, "the credential is refused (account ads-2)", never, in(time.Minute))},
				{ID: "ads-3", Backend: "ai-studio", Group: "ai_studio/ads", Usable: u(account.Forbidden, "the provider forbids it: SERVICE_DISABLED (account ads-3)", in(10*time.Minute), in(time.Minute))},
				{ID: "old", Backend: "ai-studio", Group: "ai_studio/account:old", Usable: account.Usable{Kind: "disabled", Why: "disabled in heald.yaml"}},
				{ID: "eu-1", Backend: "vertex-eu", Group: "vertex/europe-west4/main", InUse: 12, Usable: ready, Token: &account.TokenStatus{Ready: true, Expires: in(40 * time.Minute), Next: in(20 * time.Minute), Fetched: 7}},
				{ID: "eu-2", Backend: "vertex-eu", Group: "vertex/europe-west4/lab", Usable: u(account.NoMoney, "money is missing (billing account lab-cards)", in(time.Hour), in(-time.Second))},
				{ID: "us-1", Backend: "vertex-us", Group: "vertex/us-central1/main", InUse: 3, Usable: ready, Token: &account.TokenStatus{Ready: true, Expires: in(5 * time.Minute), Problem: "oauth2.googleapis.com answered 503", Next: in(30 * time.Second), Fetched: 9, Failed: 3}},
			},
			Groups: []account.GroupStatus{
				{Group: "ai_studio/ads", Model: "gemini-3.8-flash", Used: state.Rates{Requests: 60, Tokens: 1_234_567, Day: 812}, Limits: state.Rates{Requests: 60, Tokens: 4_000_000, Day: 10_000}, Learned: state.Rates{Requests: 60}, Health: 71, FirstContent: 1.42, Usable: limited},
				{Group: "ai_studio/ads", Model: "gemini-3.1-flash-image-preview", Health: 100, Usable: u(account.QuotaSpent, "the model is not on this project's tier, limit 0 (group ai_studio/ads)", never, never)},
				{Group: "ai_studio/search-prod", Model: "gemini-3.8-flash", InUse: 9, Used: state.Rates{Requests: 873, Tokens: 2_312_345, Day: 14_000}, Limits: state.Rates{Requests: 1000}, Health: 98, FirstContent: 0.71, Usable: ready},
				{Group: "ai_studio/search-prod", Model: "gemini-3.5-flash-lite", Used: state.Rates{Requests: 15, Day: 1500}, Limits: state.Rates{Day: 1500}, Health: 90, FirstContent: 0.4, Usable: u(account.QuotaSpent, "the quota is used up (group ai_studio/search-prod)", in(18*time.Hour), in(5*time.Minute))},
				{Group: "vertex/europe-west4/main", Model: "gemini-3.8-flash", InUse: 12, Concurrency: 12, Health: 62, FirstContent: 2.9, Usable: u(account.NoCapacity, "the backend has no capacity (vertex/europe-west4/main)", never, never)},
				{Group: "vertex/us-central1/main", Model: "gemini-3.8-pro", InUse: 3, Used: state.Rates{Requests: 31, Tokens: 802_111, Day: 4411}, Health: 100, FirstContent: 1.1, Usable: ready},
			},
			Backends: []account.BackendStatus{
				{Backend: "ai-studio", Model: "gemini-3.8-flash", Breaker: "closed", Shed: 0.124, Usable: ready},
				{Backend: "vertex-eu", Model: "gemini-3.8-flash", Breaker: "open", Usable: u(account.Outage, "the backend does not answer", never, in(9*time.Second))},
				{Backend: "vertex-us", Model: "gemini-3.8-pro", Breaker: "held back", Usable: account.Usable{Now: true, Probe: in(4 * time.Second)}},
			},
			Queues: []account.QueueStatus{
				{Tenant: "ads", Waiting: 3, Usable: u(account.TenantSlots, "all slots of the tenant are taken (ads)", never, never)},
				{Tenant: "lab", Usable: u(account.TenantBudget, "the tenant's budget is used up (tokens/day)", in(10*time.Hour), never)},
				{Tenant: "search", Waiting: 1, Usable: ready},
			},
		},
		Tenants: []report.Tenant{
			{Name: "ads", MaxConcurrency: 20, Limits: map[string]float64{"money/month": 250.5, "requests/minute": 30}, Used: map[string]float64{"money/month": 231.2, "requests/minute": 12}, Until: map[string]time.Time{"money/month": in(300 * time.Hour), "requests/minute": in(20 * time.Second)}},
			{Name: "lab", Limits: map[string]float64{"tokens/day": 2_000_000}, Used: map[string]float64{"tokens/day": 2_000_000}, Until: map[string]time.Time{"tokens/day": in(10 * time.Hour)}},
			{Name: "left", Disabled: true},
			{Name: "search", Weight: 3},
		},
	}
}
