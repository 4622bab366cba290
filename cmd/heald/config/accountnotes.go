package config

import (
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/setting"
)

// noteAccounts tells of accounts that are of no use.
func (c *Config) noteAccounts() []*setting.Problem {
	if len(c.Accounts) > 0 && !slices.ContainsFunc(c.Accounts, func(a Account) bool { return !a.Disabled }) {
		return []*setting.Problem{{Note: true, Path: "accounts", Found: "all of them are disabled",
			Consequence: "every request is refused", Fix: "take disabled: true from one of them"}}
	}
	return c.noteSameSecrets()
}

// noteSameSecrets tells of credentials that stand at one backend twice. At two
// backends one may well be meant to be.
func (c *Config) noteSameSecrets() (out []*setting.Problem) {
	type key struct{ backend, secret string }
	first := map[key]int{}
	for i, a := range c.Accounts {
		if a.Disabled || !a.Credential.Empty() {
			continue
		}
		path := fmt.Sprintf("accounts[%d].secret", i)
		secret, err := a.Secret.Read(path)
		if err != nil {
			continue
		}
		k := key{a.Backend, secret}
		if j, twice := first[k]; twice {
			out = append(out, &setting.Problem{Note: true, Path: path, Found: fmt.Sprintf("is the credential of accounts[%d] at the same backend", j),
				Consequence: "the two share one quota, and what refuses one is asked again as the other", Fix: "name another variable or file, or take one of the two away"})
			continue
		}
		first[k] = i
	}
	return out
}
