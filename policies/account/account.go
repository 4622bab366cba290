package account

import (
	"cmp"

	"github.com/heald-proxy/heald/policies/state"
)

// Scheme is how a credential is presented.
type Scheme string

// The schemes.
const (
	APIKey Scheme = "api_key" // header x-goog-api-key
	Bearer Scheme = "bearer"  // header Authorization, for OAuth access tokens
)

// Account is one credential usable at one backend.
type Account struct {
	// ID is opaque: it is shown to clients and in logs, so it must not be a
	// key or an e-mail address.
	ID      string
	Backend string
	Scheme  Scheme
	Secret  Secret
	// Tokens, if not nil, are in place of Secret, with the scheme Bearer.
	Tokens Tokens
	// Place is what has quotas of its own at Google: "ai_studio", or
	// "vertex/LOCATION"; "" means the backend, by its name.
	Place string
	// Project is the Google project. Accounts of one project at one place share
	// their quota; "" means a project of its own.
	Project string
	// Billing is the billing account; "" if unknown. If it is out of credit, all
	// its groups are kept back.
	Billing string
	// Slots is how many attempts the account may run at once; 0 is no limit.
	Slots int
	// Rates limit the quota group for each model. If accounts of a group differ,
	// the lowest limit counts.
	Rates state.Rates
	// Disabled accounts are never used.
	Disabled bool

	group string // set by New
}

// Group is the account's quota group.
func (a *Account) Group() string {
	if a.group != "" {
		return a.group
	}
	if a.Project == "" {
		return cmp.Or(a.Place, a.Backend) + "/account:" + a.ID
	}
	return cmp.Or(a.Place, a.Backend) + "/" + a.Project
}

// Header returns the header field with the credential.
func (a *Account) Header() (name, value string) {
	if a.Tokens != nil {
		token, _ := a.Tokens.Token()
		return "authorization", "Bearer " + token.Reveal()
	}
	if a.Scheme == Bearer {
		return "authorization", "Bearer " + a.Secret.Reveal()
	}
	return "x-goog-api-key", a.Secret.Reveal()
}
