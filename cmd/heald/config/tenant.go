package config

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Tenant is somebody who may call, with which keys, for which models and how much.
type Tenant struct {
	tenant.Tenant `yaml:",inline"`
	// Keys are those with which the tenant may call; with several, one can be
	// replaced while clients still use it.
	Keys []TenantKey `yaml:"keys"`

	file string
}

// File is the tenant's own file; "" for one of heald.yaml.
func (t Tenant) File() string { return t.file }

// TenantKey is one key: its hash, as `heald tenant` writes it, or the place of a
// key that a person has chosen.
type TenantKey struct {
	// ID names the key in logs; default key-N, N counting from 1.
	ID string `yaml:"id"`
	// Hash is "sha256:" and the SHA-256 of the key in hex, as heald tenant writes
	// it. For a key that a person has chosen, name env or file instead.
	Hash string `yaml:"hash" text:"hash" secret:"tenants[].keys[]; before a hash belongs sha256:"`
	// Source is the place of a chosen key, of at least 24 characters.
	Source `yaml:",inline"`
	// Created says when the key was made, for people, as in 2027-01-31T12:00:00Z.
	Created time.Time `yaml:"created"`
	// Expires is when the key stops working; default never.
	Expires time.Time `yaml:"expires"`
}

const hashPrefix = "sha256:"

// hashSyntax distinguishes a hash from a key that was written in its place.
var hashSyntax = regexp.MustCompile(`^` + hashPrefix + `[0-9a-f]{64}$`)

// begunHash matches a hash whose end is missing.
var begunHash = regexp.MustCompile(`^sha256(:[0-9a-f]{0,63})?$`)

// NewTenantKey is a key as heald.yaml has it. Only its hash is kept.
func NewTenantKey(id, key string, now time.Time) TenantKey {
	return TenantKey{ID: id, Hash: hashPrefix + tenant.HashOf(key).String(), Created: now.UTC().Truncate(time.Second)}
}

// Name is the key's id, that of the i-th key of a tenant.
func (k TenantKey) Name(i int) string { return cmp.Or(k.ID, fmt.Sprintf("key-%d", i+1)) }

// AllTenants are those of heald.yaml and of its directory.
func (c *Config) AllTenants() []Tenant { return append(slices.Clone(c.Tenants), c.inFiles...) }

// With returns the tenants with t in the place of the one of its name, or behind
// the others.
func (c *Config) With(t Tenant) *Config {
	same := func(other Tenant) bool { return other.Name == t.Name }
	return &Config{Auth: c.Auth, Tenants: slices.DeleteFunc(slices.Clone(c.Tenants), same), inFiles: append(slices.DeleteFunc(slices.Clone(c.inFiles), same), t)}
}

// Asks reports whether callers must show a key. They must even if the directory
// has no tenant yet.
func (c *Config) Asks() bool {
	return len(c.ClientKeys) > 0 || len(c.Tenants) > 0 || c.TenantsDir != ""
}

// Registry knows who may call. It reads keys from their variables and files.
func (c *Config) Registry() (*tenant.Registry, error) {
	keys, errs := c.clientKeys()
	r, err := c.registry(keys)
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return r, nil
}

// CheckTenants finds what is wrong with the tenants, but does not read keys from
// variables and files: the user who changes a file may not be allowed to.
func (c *Config) CheckTenants() error {
	var errs []error
	var tenants []tenant.Tenant
	for i, t := range c.AllTenants() {
		hashed, err := t.resolve(i, func(Source, string) (string, error) { return tenant.Make().Reveal(), nil })
		tenants, errs = append(tenants, hashed), append(errs, err)
	}
	_, err := tenant.New(tenants)
	return errors.Join(append(errs, err, c.checkAuth())...)
}

// registry composes the tenants. clientKeys are keys of the default tenant.
func (c *Config) registry(clientKeys []string) (*tenant.Registry, error) {
	if !c.Asks() {
		return tenant.Open(), nil
	}
	var errs []error
	var tenants []tenant.Tenant
	for i, t := range c.AllTenants() {
		hashed, err := t.resolve(i, chosen)
		tenants, errs = append(tenants, hashed), append(errs, err)
	}
	if len(clientKeys) > 0 {
		i := slices.IndexFunc(tenants, func(t tenant.Tenant) bool { return t.Name == tenant.Default })
		if i < 0 {
			i, tenants = len(tenants), append(tenants, tenant.Tenant{Name: tenant.Default, Place: "client_keys"})
		}
		seen := map[string]bool{}
		for j, key := range clientKeys {
			if !seen[key] { // a key that is listed twice does no harm
				tenants[i].Keys = append(tenants[i].Keys, tenant.Key{ID: fmt.Sprintf("client-key-%d", j+1), Hash: tenant.HashOf(key), Place: fmt.Sprintf("client_keys[%d]", j)})
			}
			seen[key] = true
		}
	}
	r, err := tenant.New(tenants)
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return r, nil
}

// resolve makes hashes of the keys of the i-th tenant.
func (t Tenant) resolve(i int, read func(s Source, path string) (string, error)) (tenant.Tenant, error) {
	out := t.Tenant
	out.Place = cmp.Or(out.Place, fmt.Sprintf("tenants[%d]", i))
	var errs []error
	for j, k := range t.Keys {
		path := tenant.Field(out.Place, fmt.Sprintf("keys[%d]", j))
		hash, err := k.hash(path, read, t.file != "")
		errs = append(errs, err)
		if err == nil {
			out.Keys = append(out.Keys, tenant.Key{ID: k.Name(j), Hash: hash, Expires: k.Expires, Place: path})
		}
	}
	return out, errors.Join(errs...)
}

// cutOff is what may have happened to a tenant's own file that ends too soon.
const cutOff = "; if the file was cut off while it was written, write it whole under a name that begins with '.' in the same directory, and rename it"

// hash is the key's. own says that the tenant has its own file, whose end may be
// missing.
func (k TenantKey) hash(path string, read func(s Source, path string) (string, error), own bool) (h tenant.Hash, err error) {
	whole := ""
	if own {
		whole = cutOff
	}
	switch {
	case k.Hash == "" && k.Source == Source{}:
		return h, &setting.Problem{Path: path, Found: "there is no key", Fix: "make one with heald tenant rotate, or say where one is found: {env: VARIABLE} or {file: /path}" + whole}
	case k.Hash != "" && k.Source != Source{}:
		return h, &setting.Problem{Path: path, Found: "give hash, env or file, not several", Fix: "leave all but one out"}
	case k.Source != Source{}:
		key, err := read(k.Source, path)
		return tenant.HashOf(key), err
	case begunHash.MatchString(k.Hash):
		return h, &setting.Problem{Path: path + ".hash", Found: fmt.Sprintf("the hash is cut off: it has %d of %d characters", len(k.Hash), len(hashPrefix)+2*len(h)),
			Fix: "write " + hashPrefix + " and 64 digits in hex, as heald tenant does" + whole}
	case !hashSyntax.MatchString(k.Hash):
		return h, &setting.Problem{Path: path + ".hash", Found: "this is no hash of a key", Consequence: "it is not repeated here, since it may be the key itself",
			Fix: "write " + hashPrefix + " and 64 digits in hex, as heald tenant does" + whole}
	}
	_, err = hex.Decode(h[:], []byte(k.Hash[len(hashPrefix):]))
	return h, err
}

// chosen reads a key that a person has chosen for a tenant.
func chosen(s Source, path string) (string, error) {
	key, err := s.Read(path)
	if err != nil {
		return "", err
	}
	if found := tenant.CheckChosen(key); found != "" {
		return "", &setting.Problem{Path: path, Found: found, Consequence: "whoever guesses it spends the tenant's budget", Fix: "let heald make one: heald tenant rotate NAME"}
	}
	return key, nil
}
