package config

import (
	"errors"
	"fmt"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/account/credential"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// UseTokens makes Exchange give accounts with a credential the tokens that make
// returns. Without it credentials are checked, but nothing is fetched.
func (c *Config) UseTokens(make func(*credential.Source) account.Tokens) { c.tokens = make }

// account reads the credential of an account.
func (c *Config) account(a Account, path string) (account.Account, error) {
	out := account.Account{ID: a.ID, Backend: a.Backend, Scheme: a.Scheme}
	if a.Credential.Empty() {
		secret, err := a.Secret.Read(path + ".secret")
		out.Secret = account.NewSecret(secret)
		return out, errors.Join(err, headerSafe(path+".secret", secret), checkScheme(a.Scheme, path))
	}
	var twice error
	if (a.Secret != Source{}) {
		twice = &setting.Problem{Path: path, Found: "has a secret and a credential", Fix: "keep secret for an API key, or credential for a Google credential"}
	}
	source, err := a.Credential.Load(path+".credential", readFile, fileFault)
	out.Tokens = credential.NewRefresher(nil, nil) // holds no token and fetches none
	if err == nil && c.tokens != nil {
		out.Tokens = c.tokens(source)
	}
	return out, errors.Join(twice, err, checkScheme(a.Scheme, path))
}

func checkScheme(s account.Scheme, path string) error {
	if s == "" || s == account.APIKey || s == account.Bearer {
		return nil
	}
	return &setting.Problem{Path: path + ".scheme", Found: fmt.Sprintf("%s is neither %q nor %q", redact.Quote(string(s)), account.APIKey, account.Bearer), Fix: "write one of the two"}
}
