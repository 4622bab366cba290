package exchange

import (
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Names are the names of this configuration that may become labels of metrics.
func (x *Exchange) Names() *record.Names { return x.names.Load() }

// ModelLabel is the label of a model in metrics.
func (x *Exchange) ModelLabel(model string) string { return x.Names().ModelLabel(model) }

// name collects the names that may become labels: configured names, and the
// models of heald's own table and of the price list.
func (x *Exchange) name() {
	n := &record.Names{Backends: map[string]bool{}, Accounts: map[string]bool{}}
	models := map[string]bool{}
	for i := range x.cfg.Backends {
		n.Backends[x.cfg.Backends[i].Name] = true
		for _, m := range x.cfg.Backends[i].Models {
			models[m] = true
		}
	}
	for i := range x.cfg.Accounts {
		n.Accounts[x.cfg.Accounts[i].ID] = true
		n.Backends[x.cfg.Accounts[i].Backend] = true // also one that only routes describe
	}
	for _, chain := range x.cfg.Models.Aliases {
		for _, hop := range chain {
			models[hop.Model] = true
		}
	}
	for m := range x.cfg.Models.Known {
		models[m] = true
	}
	for _, row := range x.catalog.Table() { // no list of a backend has come yet
		models[row.Model] = true
	}
	n.Model = func(m string) string {
		switch {
		case models[m]:
			return m
		case x.prices == nil:
			return ""
		}
		return x.prices.Name(m)
	}
	x.names.Store(n)
}

// nameTenants changes the names of tenants.
func (x *Exchange) nameTenants(callers *tenant.Registry) {
	n := *x.names.Load()
	n.Tenants = map[string]bool{}
	for _, t := range callers.Tenants() {
		n.Tenants[t.Name] = true
	}
	x.names.Store(&n)
}
