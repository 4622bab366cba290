package config

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// clientKeys reads client_keys.
func (c *Config) clientKeys() (keys []string, errs []error) {
	for i, s := range c.ClientKeys {
		path := fmt.Sprintf("client_keys[%d]", i)
		read := s.shared
		if s == (Source{}) {
			read = s.Read // its error says what belongs there
		}
		key, err := read(path)
		if err == nil {
			keys = append(keys, key)
		}
		errs = append(errs, err)
	}
	return keys, errs
}

// chosenKeys are the keys of tenants that are known in plain text.
func (c *Config) chosenKeys() (keys []string) {
	for _, t := range c.AllTenants() {
		for _, k := range t.Keys {
			if k.Source == (Source{}) {
				continue
			}
			if key, err := k.Read(""); err == nil { // registry reports what is wrong
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// everybody is the consequence if no key is asked for.
const everybody = "whoever connects there spends the quota of your accounts"

// checkAuth finds addresses that must not be open, and settings that contradict each
// other.
func (c *Config) checkAuth() error {
	switch {
	case c.Auth != "" && c.Auth != "none":
		return &setting.Problem{Path: "auth", Found: redact.Quote(c.Auth) + ` is not "none"`, Fix: "write none if everybody may call, or leave the line out"}
	case c.Auth == "none" && c.Asks():
		return &setting.Problem{Path: "auth", Found: "there are tenants or client_keys beside auth: none", Consequence: "it is not clear whether a key is asked for",
			Fix: "remove auth, or the tenants and client_keys"}
	case c.public != "" && !c.Asks() && c.Auth != "none":
		return &setting.Problem{Path: "--listen", Found: c.public + " can be reached from other machines, and there are neither tenants nor client_keys", Consequence: everybody,
			Fix: "make a tenant (heald tenant add NAME), or list client_keys in heald.yaml (or pass --client-key env:VARIABLE), listen on 127.0.0.1, or, if something else keeps strangers out, write auth: none in heald.yaml or pass --insecure-open"}
	}
	return nil
}
