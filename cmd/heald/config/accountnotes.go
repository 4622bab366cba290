package config

import (
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/setting"
)

// noteAccounts notes accounts that can never be used.
func (c *Config) noteAccounts() []*setting.Problem {
	if len(c.Accounts) > 0 && !slices.ContainsFunc(c.Accounts, func(a Account) bool { return !a.Disabled }) {
		return []*setting.Problem{{Note: true, Path: "accounts", Found: "all of them are disabled",
			Consequence: "every request is refused", Fix: "remove disabled: true from one of them"}}
	}
	return c.noteSameSecrets()
}

// noteSameSecrets notes credentials that one backend has twice. The same
// credential at two backends may be intended.
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
				Consequence: "the two share one quota, and after a refusal of one the other is asked in vain", Fix: "name another variable or file, or remove one of the two"})
			continue
		}
		first[k] = i
	}
	return out
}
