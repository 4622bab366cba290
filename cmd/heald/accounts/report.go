package accounts

import (
	"maps"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
)

// Path is where the admin listener serves the report.
const Path = "/accounts"

// Report is what one replica knows about all accounts.
type Report struct {
	// Replica identifies this process among the others of its pool; "" where
	// there are no others.
	Replica string `json:"replica,omitempty"`
	State   State  `json:"state"`
	// Configuration says which configuration runs.
	Configuration Configuration `json:"configuration,omitzero"`
	account.Status
	// Tenants are the configured ones.
	Tenants []Tenant `json:"tenants,omitempty"`
}

// Configuration tells whether what runs is what the files say.
type Configuration struct {
	Loaded time.Time `json:"loaded"`
	// Refused says why files that have changed since were refused; "" if they
	// are what runs.
	Refused string `json:"refused,omitempty"`
}

// State describes the store that holds what replicas share.
type State struct {
	// Store is "memory", which this process has for itself, or "redis".
	Store string `json:"store"`
	// Up says that the store answers. If not, Why says what happens meanwhile, and
	// Trouble what is wrong and how to fix it, if the store has said so.
	Up      bool   `json:"up"`
	Why     string `json:"why,omitempty"`
	Trouble string `json:"trouble,omitempty"`
	// Replicas is how many share the limits, this one included; 0 is not known.
	// Gone is how many of them are silent, and may work by themselves.
	Replicas int `json:"replicas,omitempty"`
	Gone     int `json:"gone,omitempty"`
}

// Tenant describes one tenant.
type Tenant struct {
	Name           string   `json:"name"`
	Disabled       bool     `json:"disabled"`
	Models         []string `json:"models,omitempty"`          // none: all
	Weight         int      `json:"weight,omitempty"`          // 0 is 1
	MaxConcurrency int      `json:"max_concurrency,omitempty"` // 0 is no limit
	MaxWaiting     *int     `json:"max_waiting,omitempty"`     // nil is no limit of its own
	// Limits are the tenant's by their names, as in tokens/day. Used is what is
	// used and reserved in the windows of now, in the units of Limits; none if the
	// store does not say. Until is when each window ends; one in total has no end.
	Limits map[string]float64   `json:"limits,omitempty"`
	Used   map[string]float64   `json:"used,omitempty"`
	Until  map[string]time.Time `json:"until,omitempty"`
}

// longestRefused bounds Refused, in bytes: there may be many problems.
const longestRefused = 4096

// longestModel bounds names of models, in bytes: clients choose them.
const longestModel = 200

// Redacted is the report without credentials and addresses: clients may have
// written them into names of models, and token endpoints into their errors.
func (r Report) Redacted() Report {
	text := func(s string) string { return redact.ForClient(redact.Text(s)) }
	name := func(model string) string { return text(redact.Bound(model, longestModel)) }
	r.Configuration.Refused = redact.Bound(redact.Text(r.Configuration.Refused), longestRefused)
	r.Accounts = each(r.Accounts, func(a *account.AccountStatus) {
		models := maps.Clone(a.Models)
		clear(models)
		for model, u := range a.Models {
			models[name(model)] = u
		}
		a.Models = models
		if a.Token != nil {
			token := *a.Token
			token.Problem = text(token.Problem)
			a.Token, a.Why = &token, text(a.Why)
		}
	})
	r.Groups = each(r.Groups, func(g *account.GroupStatus) { g.Model = name(g.Model) })
	r.Backends = each(r.Backends, func(b *account.BackendStatus) { b.Model = name(b.Model) })
	r.State.Trouble = text(r.State.Trouble)
	r.Queues = each(r.Queues, func(*account.QueueStatus) {})
	return r
}

// each is a changed copy of a list. It is never nil, so that JSON has a list.
func each[T any](list []T, change func(*T)) []T {
	out := make([]T, len(list))
	for i := range list {
		out[i] = list[i]
		change(&out[i])
	}
	return out
}
