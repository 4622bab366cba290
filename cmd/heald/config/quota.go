package config

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/state"
)

// Quota is how much an account may be used, and which accounts share that.
type Quota struct {
	// Project is the Google project of the credential. Accounts of one project
	// share their quota, so they rest together. Default: that of the backend,
	// else a project of its own.
	Project string `yaml:"project"`
	// Billing names the billing account that pays for the project. If its money
	// is used up, all its accounts rest. Default: no other project shares it.
	Billing string `yaml:"billing"`
	// Slots are how many requests the account may have at once; default no limit.
	Slots int `yaml:"slots" unit:"requests"`
	// Limits are those of the project, for each model. A limit that is not set is
	// learned from the provider's refusals.
	Limits RateLimits `yaml:"limits"`
	// Disabled says that the account is never asked.
	Disabled bool `yaml:"disabled"`
}

// RateLimits are those of a Google project for each model; 0 is not known.
type RateLimits struct {
	// RPM are requests per minute; default: learned from refusals.
	RPM int64 `yaml:"rpm" unit:"requests"`
	// TPM are input tokens per minute; default: learned from refusals.
	TPM int64 `yaml:"tpm" unit:"tokens"`
	// RPD are requests per day, which ends at midnight in California; default:
	// learned from refusals.
	RPD int64 `yaml:"rpd" unit:"requests"`
}

// mostSlots is more than one replica can have open.
const mostSlots = 1_000_000

// use puts the quota into an account.
func (q *Quota) use(a *account.Account) {
	a.Project, a.Billing, a.Slots, a.Disabled = q.Project, q.Billing, q.Slots, q.Disabled
	a.Rates = state.Rates{Requests: q.Limits.RPM, Tokens: q.Limits.TPM, Day: q.Limits.RPD}
}

// validate finds invalid values.
func (q *Quota) validate(path string) (errs []error) {
	bad := func(field, found, fix string) {
		errs = append(errs, &setting.Problem{Path: path + "." + field, Found: found, Fix: fix})
	}
	if q.Slots < 0 || q.Slots > mostSlots {
		bad("slots", fmt.Sprintf("%d is not between 0 and %d", q.Slots, mostSlots), "write how many requests the account may have at once, or leave the line out for no limit")
	}
	for _, l := range []struct {
		name  string
		value int64
	}{{"rpm", q.Limits.RPM}, {"tpm", q.Limits.TPM}, {"rpd", q.Limits.RPD}} {
		if l.value < 0 {
			bad("limits."+l.name, fmt.Sprintf("%d is negative", l.value), "write the project's limit as the provider shows it, or leave the line out so that heald learns it")
		}
	}
	for _, name := range []struct{ field, value string }{{"project", q.Project}, {"billing", q.Billing}} {
		if redact.Secret(name.value) {
			bad(name.field, "looks like a credential", "write a name that tells it apart from others: it is shown by heald accounts")
		}
	}
	return errs
}

// noteQuotas notes accounts that may share a quota without heald's knowledge.
func (c *Config) noteQuotas() (out []*setting.Problem) {
	first := map[string]int{} // by backend, of its accounts without a project
	for i, a := range c.Accounts {
		if a.Project != "" || a.Disabled || c.projectOf(a.Backend) != "" {
			continue
		}
		if j, twice := first[a.Backend]; twice {
			out = append(out, &setting.Problem{Note: true, Path: fmt.Sprintf("accounts[%d].project", i),
				Found:       fmt.Sprintf("is not set, and neither is that of accounts[%d] at the same backend", j),
				Consequence: "if both are keys of one Google project they share its quota, and after a refusal of one the other is asked in vain",
				Fix:         "write the project of each account; a name of your own will do"})
			continue
		}
		first[a.Backend] = i
	}
	return out
}

// projectOf is the project of a backend.
func (c *Config) projectOf(backend string) string {
	for _, b := range c.Backends {
		if b.Name == backend {
			return b.Project
		}
	}
	return ""
}
