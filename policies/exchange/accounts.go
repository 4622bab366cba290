package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/gemini"
)

// Accounts are those of the configuration, with what is known of them.
func (x *Exchange) Accounts() *account.Accounts { return x.accounts }

// ModelLabel is the label of a model in metrics: its name if heald's table or
// heald.yaml has it, since clients may name any.
func (x *Exchange) ModelLabel(model string) string {
	if slices.ContainsFunc(x.catalog.Table(), func(r gemini.Row) bool { return r.Model == model }) {
		return model
	}
	for _, chain := range x.cfg.Models.Aliases {
		for _, hop := range chain {
			if hop.Model == model {
				return model
			}
		}
	}
	return otherModel
}
