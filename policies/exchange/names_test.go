package exchange

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Labels are names of the configuration, of heald's table and of the price list,
// never a client's.
func TestNames(t *testing.T) {
	x, err := New(Config{
		Backends: []route.Backend{{Name: "studio", Kind: route.AIStudio, Models: []string{"tuned-1", "gemini-9-preview"}}},
		Accounts: []account.Account{{ID: "studio-1", Backend: "studio", Secret: account.NewSecret("k")}},
		Models:   route.Models{Aliases: map[string]route.Chain{"best": {{Model: "gemini-9-preview"}}}, Known: map[string]route.KnownModel{"own": {}}},
	}, Deps{Metrics: NewMetrics(prometheus.NewRegistry()), Prices: price.New(price.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	n := x.Names()
	for model, want := range map[string]string{
		"tuned-1": "tuned-1", "gemini-9-preview": "gemini-9-preview", "own": "own", "gemini-3.5-flash": "gemini-3.5-flash",
		"gemini-2.5-pro-001": "gemini-2.5-pro", "best": "other", "tuned-2": "other", "m\n1": "other", "": "",
	} {
		if got := n.ModelLabel(model); got != want {
			t.Errorf("model %q: got %q, want %q", model, got, want)
		}
	}
	for _, c := range [][2]string{
		{n.TenantLabel("default"), "default"}, {n.TenantLabel("team"), "other"}, {n.TenantLabel(""), ""},
		{n.BackendLabel("studio"), "studio"}, {n.BackendLabel("of-a-route"), "other"}, {n.BackendLabel(""), ""},
		{n.AccountLabel("studio-1"), "studio-1"}, {n.AccountLabel("studio-2"), "other"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
	x.UseTenants(callers(t, tenant.Tenant{Name: "team", Keys: keysOf(keyOfA)}))
	if n := x.Names(); n.TenantLabel("team") != "team" || n.TenantLabel("default") != "other" || n.BackendLabel("studio") != "studio" {
		t.Errorf("with other tenants: %+v", n)
	}
}
