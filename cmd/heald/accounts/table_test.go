package accounts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/test/fixture"
)

var (
	noon  = time.Date(2026, time.December, 1, 14, 2, 51, 0, time.UTC)
	ready = account.Usable{Now: true}
)

func in(d time.Duration) time.Time { return noon.Add(d) }

// everyState is a report with every state that there is.
func everyState() *Report {
	u := func(kind account.Kind, why string, until, probe time.Time) account.Usable {
		return account.Usable{Kind: kind.String(), Why: why, Until: until, Probe: probe}
	}
	never := time.Time{}
	return &Report{
		Replica: "heald-7c4d-x2x9q",
		State:   State{Store: "redis", Up: true, Replicas: 3},
		Status: account.Status{
			At: noon,
			Accounts: []account.AccountStatus{
				{ID: "search-1", Backend: "ai-studio", Group: "ai_studio/search-prod", InUse: 2, Slots: 8, Usable: ready},
				{ID: "search-2", Backend: "ai-studio", Group: "ai_studio/search-prod", InUse: 8, Slots: 8, Usable: u(account.Busy, "all slots are taken (search-2)", never, never)},
				{ID: "ads-1", Backend: "ai-studio", Group: "ai_studio/ads", InUse: 1, Usable: ready, Models: map[string]account.Usable{
					"gemini-3.8-flash": u(account.RateLimit, "the rate limit is reached (group ai_studio/ads)", in(29*time.Second), never),
				}},
				{ID: "ads-2", Backend: "ai-studio", Group: "ai_studio/ads", Usable: u(account.BadCredential, "the credential is refused (account ads-2)", never, in(time.Minute))},
				{ID: "ads-3", Backend: "ai-studio", Group: "ai_studio/ads", Usable: u(account.Forbidden, "the provider forbids it: SERVICE_DISABLED (account ads-3)", in(10*time.Minute), in(time.Minute))},
				{ID: "ads-4", Backend: "ai-studio", Group: "ai_studio/ads", Usable: ready, Models: map[string]account.Usable{
					"gemini-3.1-flash-image-preview": u(account.QuotaSpent, "the model is not on this project's tier, limit 0 (group ai_studio/ads)", never, never),
				}},
				{ID: "old", Backend: "ai-studio", Group: "ai_studio/account:old", Usable: account.Usable{Kind: "disabled", Why: "disabled in heald.yaml"}},
				{ID: "eu-1", Backend: "vertex-eu", Group: "vertex/europe-west4/a-project-with-a-long-name", InUse: 12, Usable: ready},
				{ID: "eu-2", Backend: "vertex-eu", Group: "vertex/europe-west4/lab", Usable: u(account.NoMoney, "money is missing (billing account lab-cards)", in(time.Hour), in(-time.Second))},
			},
			Groups: []account.GroupStatus{
				{Group: "ai_studio/ads", Model: "gemini-3.8-flash", Used: state.Rates{Requests: 60, Tokens: 1_234_567, Day: 812}, Limits: state.Rates{Requests: 60, Tokens: 4_000_000, Day: 10_000},
					Learned: state.Rates{Requests: 60}, Usable: u(account.RateLimit, "the rate limit is reached (group ai_studio/ads)", in(29*time.Second), never)},
				{Group: "ai_studio/ads", Model: "gemini-3.1-flash-image-preview", Usable: u(account.QuotaSpent, "the model is not on this project's tier, limit 0 (group ai_studio/ads)", never, never)},
				{Group: "ai_studio/search-prod", Model: "gemini-3.8-flash", Used: state.Rates{Requests: 3, Tokens: 12_345, Day: 400}, Limits: state.Rates{Requests: 1000}, Usable: ready},
				{Group: "ai_studio/search-prod", Model: "gemini-3.5-flash-lite", Used: state.Rates{Requests: 15, Day: 1500}, Limits: state.Rates{Day: 1500},
					Usable: u(account.QuotaSpent, "the quota is used up (group ai_studio/search-prod)", in(18*time.Hour), in(5*time.Minute))},
				{Group: "vertex/europe-west4/a-project-with-a-long-name", Model: "gemini-3.8-flash", InUse: 12, Concurrency: 12,
					Usable: u(account.NoCapacity, "the backend has no capacity (vertex/europe-west4/a-project-with-a-long-name)", never, never)},
			},
			Backends: []account.BackendStatus{
				{Backend: "ai-studio", Model: "gemini-3.8-flash", Breaker: "closed", Shed: 0.124, Usable: ready},
				{Backend: "vertex-eu", Model: "gemini-3.8-flash", Breaker: "open", Usable: u(account.Outage, "the backend does not answer", never, in(9*time.Second))},
				{Backend: "vertex-us", Model: "gemini-3.8-flash", Breaker: "held back", Usable: account.Usable{Now: true, Probe: in(4 * time.Second)}},
			},
			Queues: []account.QueueStatus{
				{Tenant: "ads", Waiting: 3, Usable: u(account.TenantSlots, "all slots of the tenant are taken (ads)", never, never)},
				{Tenant: "lab", Usable: u(account.TenantBudget, "the tenant's budget is used up (tokens/day)", in(10*time.Hour), never)},
				{Tenant: "search", Waiting: 1, Usable: ready},
			},
		},
		Tenants: []Tenant{
			{Name: "ads", MaxConcurrency: 20, Limits: map[string]float64{"money/month": 250.5, "money/day": 0.0001, "requests/minute": 3}, Used: map[string]float64{"money/month": 3.1, "requests/minute": 2}},
			{Name: "lab", Limits: map[string]float64{"tokens/day": 2_000_000, "requests/minute": 60}},
			{Name: "left", Disabled: true},
			{Name: "search", Weight: 3},
		},
	}
}

func table(t *testing.T, r *Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := WriteTable(&out, r, time.UTC); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > Width {
			t.Errorf("a line has %d characters: %s", n, line)
		}
		if strings.TrimRight(line, " \n") != strings.TrimSuffix(line, "\n") {
			t.Errorf("a line ends with blanks: %q", line)
		}
	}
	return out.Bytes()
}

func TestTable(t *testing.T) {
	alone := &Report{State: State{Store: "memory", Up: true}, Status: account.Status{At: noon, Accounts: []account.AccountStatus{
		{ID: "ai-studio-1", Backend: "ai-studio", Group: "ai_studio/account:ai-studio-1", Usable: ready}}}}
	cut := everyState()
	cut.State = State{Store: "redis", Replicas: 3}
	cut.Status = account.Status{At: noon}
	cut.Tenants = nil
	cut.Configuration = Configuration{Loaded: in(-time.Hour), Refused: `policies.default.attempts: 99 is not between 1 and 10; write another`}
	crowd := &Report{State: State{Store: "memory", Up: true}, Status: account.Status{At: noon}}
	for i := range 30 {
		g := account.GroupStatus{Group: "ai_studio/p", Model: fmt.Sprintf("model-%02d", i), Used: state.Rates{Requests: int64(i)}, Usable: ready}
		if i == 3 {
			g.Usable = account.Usable{Kind: account.RateLimit.String(), Why: "the rate limit is reached", Until: in(time.Second)}
		}
		crowd.Groups = append(crowd.Groups, g)
	}
	google := &Report{State: State{Store: "memory", Up: true}, Status: account.Status{At: noon}}
	for _, a := range []struct {
		id    string
		token account.TokenStatus
	}{
		{"well", account.TokenStatus{Ready: true, Expires: in(40 * time.Minute), Next: in(20 * time.Minute), Fetched: 7}},
		{"endpoint-out", account.TokenStatus{Ready: true, Expires: in(5 * time.Minute), Problem: "oauth2.googleapis.com answered 503", Next: in(30 * time.Second), Failed: 3}},
		{"without", account.TokenStatus{Problem: "oauth2.googleapis.com answered 503", Next: in(30 * time.Second)}},
		{"revoked", account.TokenStatus{Problem: "oauth2.googleapis.com answered 400: invalid_grant", Refused: true, Next: in(15 * time.Minute)}},
		{"new", account.TokenStatus{}},
	} {
		usable := ready
		if !a.token.Ready {
			usable = account.Usable{Kind: account.BadCredential.String(), Why: "no access token", Probe: a.token.Next}
		}
		google.Accounts = append(google.Accounts, account.AccountStatus{ID: a.id, Backend: "vertex-eu", Group: "vertex/europe-west4/p", Usable: usable, Token: &a.token})
	}
	off := account.TokenStatus{}
	google.Accounts = append(google.Accounts, account.AccountStatus{ID: "off", Backend: "vertex-eu", Group: "vertex/europe-west4/p",
		Usable: account.Usable{Kind: "disabled", Why: "disabled in heald.yaml"}, Token: &off})
	trouble := &Report{Replica: "heald-7c4d-x2x9q", Status: account.Status{At: noon, AsOf: in(-time.Minute)}, State: State{
		Store: "redis", Replicas: 3, Gone: 2, Trouble: "Redis refuses the password: look at state.redis.password (WRONGPASS invalid)",
		Why: "this replica works by itself, with its part of each limit"}}
	for name, r := range map[string]*Report{"store-trouble": trouble, "tokens": google, "tired": everyState(), "one-account": alone, "store-down": cut, "many-models": crowd} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".txt")
			want, err := os.ReadFile(path)
			if err != nil {
				want = nil
			}
			fixture.Diff(t, path, want, table(t, r))
		})
	}
}

// Whatever the names are, the table keeps its width, and no control character reaches
// the terminal.
func FuzzTable(f *testing.F) {
	f.Add("a\x1b[2Jb", "the backend does not answer (x)")
	f.Add(strings.Repeat("long-", 60), strings.Repeat("x", 300))
	f.Add("äöü\u202e\xff", "")
	f.Fuzz(func(t *testing.T, name, why string) {
		u := account.Usable{Kind: "outage", Why: why, Until: noon, Probe: noon}
		r := everyState()
		r.Replica = name
		r.Accounts = append(r.Accounts, account.AccountStatus{ID: name, Backend: name, Group: name, Usable: u, Models: map[string]account.Usable{name: u}})
		r.Groups = append(r.Groups, account.GroupStatus{Group: name, Model: name, Usable: u})
		r.Backends = append(r.Backends, account.BackendStatus{Backend: name, Model: name, Breaker: "open", Usable: u})
		r.Queues = append(r.Queues, account.QueueStatus{Tenant: name, Usable: u})
		if out := table(t, r); bytes.ContainsAny(out, "\x1b\u202e\r\x07") {
			t.Errorf("%q", out)
		}
	})
}

func TestCount(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 0.5: "0.5", 0.0001: "0.0001", 0.123456789: "0.123457", 3.1: "3.1", 1.005: "1", 9999: "9999", 10_000: "10k", 12_345: "12.35k", 250_000: "250k", 1_234_567: "1.23M", 4e6: "4M", 2e9: "2G"} {
		if got := count(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
}
