package config

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// noteTenants notes that everybody may call, tenants that cannot call, and
// models that they are allowed in vain.
func (c *Config) noteTenants() []*setting.Problem {
	if !c.Asks() && c.Auth == "" {
		return []*setting.Problem{{Note: true, Path: "tenants", Found: "no key is asked for: there are neither tenants nor client_keys",
			Consequence: "everybody who can connect to Envoy may call, and spends the quota of your accounts",
			Fix:         "make a tenant (heald tenant add NAME), or write auth: none if that is meant"}}
	}
	var out []*setting.Problem
	for i, t := range c.AllTenants() {
		at := func(field string) string { return tenant.Field(cmp.Or(t.Place, fmt.Sprintf("tenants[%d]", i)), field) }
		if len(t.Keys) == 0 && !t.Disabled && t.Name != tenant.Default {
			out = append(out, &setting.Problem{Note: true, Path: at("keys"), Found: "the tenant " + redact.Quote(t.Name) + " has no key",
				Consequence: "nobody can call as it", Fix: "make one: heald tenant rotate " + redact.Bound(t.Name, 63)})
		}
		for j := range t.Models {
			if n := c.noteModel(&t, j); n != nil {
				n.Path = at(fmt.Sprintf("models[%d]", j))
				out = append(out, n)
			}
		}
	}
	return append(append(out, c.notePrices()...), c.noteWritable()...)
}

// noteModel notes the j-th model of a tenant, if it has no effect.
func (c *Config) noteModel(t *Tenant, j int) *setting.Problem {
	name := t.Models[j]
	one := tenant.Tenant{Models: []string{name}}
	matches := func(model string) bool { _, ok := one.MayUse(model); return ok }
	backends := make([]route.Backend, 0, len(c.Backends))
	for i := range c.Backends {
		backends = append(backends, c.Backends[i].Backend)
	}
	if !c.Models.Leads(name, matches, backends) {
		return &setting.Problem{Note: true, Found: redact.Quote(name) + " is no alias, and no model that heald knows or a backend names",
			Consequence: "it allows the tenant nothing, unless a backend has a model of that name", Fix: "check the spelling; heald's list of models shows all names"}
	}
	if strings.Contains(name, "*") || !c.Models.Aliased(name) {
		return nil
	}
	if refused, ok := c.Models.Allowed(name, t.MayUse); !ok {
		return &setting.Problem{Note: true, Found: redact.Quote(name) + " stands for " + redact.Quote(refused) + ", which the tenant may not use",
			Consequence: "every request for it is refused", Fix: "allow the models of its chain, too"}
	}
	return nil
}

// notePrices notes aliases that lead to a model whose price is unknown, while a
// tenant that may use it has a budget of money.
func (c *Config) notePrices() (out []*setting.Problem) {
	prices := price.New(c.Prices)
	consequence := "it counts as free in the tenant's budget of money"
	if prices.Denies() {
		consequence = "the tenant's requests for it are refused (prices.on_unknown: deny)"
	}
	for _, alias := range slices.Sorted(maps.Keys(c.Models.Aliases)) {
		for _, hop := range c.Models.Aliases[alias] {
			if prices.Known(hop.Model, "", time.Now()) {
				continue
			}
			for _, t := range c.AllTenants() {
				if _, may := t.MayUse(hop.Model); may && !t.Disabled && t.LimitsMoney() {
					out = append(out, &setting.Problem{Note: true, Path: "models.aliases." + setting.Key(alias),
						Found:       "the price of " + redact.Quote(hop.Model) + " is not known, and the tenant " + redact.Quote(t.Name) + " has a budget of money",
						Consequence: consequence, Fix: "write what it costs under prices.models"})
					break
				}
			}
		}
	}
	return out
}

// noteWritable notes files and directories of tenants that everybody on this
// machine may change. A directory with the sticky bit lets everybody add to it.
func (c *Config) noteWritable() (out []*setting.Problem) {
	check := func(path string) {
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o002 != 0 {
			out = append(out, &setting.Problem{Note: true, Path: shownPath(path), Found: fmt.Sprintf("has the mode %#o: everybody on this machine may change it", info.Mode().Perm()),
				Consequence: "whoever does can make keys and budgets for themselves", Fix: "chmod o-w"})
		}
	}
	if c.TenantsDir != "" {
		check(c.TenantsDir)
	}
	for _, t := range c.inFiles {
		check(t.file)
	}
	return out
}
