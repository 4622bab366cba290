package tenant

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Registry knows all tenants and their keys. It does not change once it is
// made, and is safe for concurrent use.
type Registry struct {
	keys    map[Hash]entry
	tenants []*Tenant // by name
	open    *Tenant   // the tenant of every caller; nil if keys are required
}

// entry is one key.
type entry struct {
	tenant *Tenant
	key    Key
}

// Caller is who sent a request.
type Caller struct {
	Tenant *Tenant
	// KeyID names the key that was shown; "" if none is required.
	KeyID string
}

// Open returns a registry that requires no key: every caller is Default.
func Open() *Registry {
	t := &Tenant{Name: Default, Weight: 1}
	return &Registry{open: t, tenants: []*Tenant{t}}
}

// New makes a registry of tenants. Without tenants all callers are refused. The
// error lists every fault.
func New(tenants []Tenant) (*Registry, error) {
	r := &Registry{keys: map[Hash]entry{}}
	var errs []error
	at := map[string]string{}  // where a name is configured
	where := map[Hash]string{} // where a key is configured
	bad := func(path, found, consequence, fix string) {
		errs = append(errs, &setting.Problem{Path: path, Found: found, Consequence: consequence, Fix: fix})
	}
	for i := range tenants {
		t := tenants[i].withDefaults()
		path := cmp.Or(t.Place, fmt.Sprintf("tenants[%d]", i))
		errs = append(errs, t.Validate(path)...)
		if first, twice := at[t.Name]; twice {
			bad(Field(path, "name"), redact.Quote(t.Name)+" is used twice, first by "+first, "", "give each tenant a name of its own")
		}
		at[t.Name] = cmp.Or(at[t.Name], path)
		ids := map[string]bool{}
		for j, k := range t.Keys {
			path := cmp.Or(k.Place, Field(path, fmt.Sprintf("keys[%d]", j)))
			if ids[k.ID] {
				bad(path+".id", redact.Quote(k.ID)+" is used twice in this tenant", "", "give each key an id of its own")
			}
			ids[k.ID] = true
			if first, twice := where[k.Hash]; twice {
				bad(path, "is the same key as "+first, "it would not tell who calls", "give each tenant keys of its own, and list each once")
				continue
			}
			where[k.Hash] = path
			r.keys[k.Hash] = entry{&t, k}
		}
		r.tenants = append(r.tenants, &t)
	}
	slices.SortFunc(r.tenants, func(a, b *Tenant) int { return cmp.Compare(a.Name, b.Name) })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

// Asks reports whether callers must show a key.
func (r *Registry) Asks() bool { return r.open == nil }

// Tenants are all of them, by name. They must not be changed.
func (r *Registry) Tenants() []*Tenant { return r.tenants }

// Recheck looks up a caller that was admitted before: the configuration may
// have changed since, and keys expire.
func (r *Registry) Recheck(c Caller, now time.Time) (Caller, *Denied) {
	if r.open != nil {
		return c, nil
	}
	i, ok := slices.BinarySearchFunc(r.tenants, c.Tenant.Name, func(t *Tenant, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return Caller{}, &Denied{Kind: Disabled, Tenant: c.Tenant.Name}
	}
	t := r.tenants[i]
	k := slices.IndexFunc(t.Keys, func(k Key) bool { return k.ID == c.KeyID })
	if k < 0 {
		return Caller{}, &Denied{Kind: UnknownKey, Tenant: t.Name}
	}
	return entry{t, t.Keys[k]}.caller(now)
}

// caller is the owner of the key, if the key is valid now.
func (e entry) caller(now time.Time) (Caller, *Denied) {
	switch {
	case !e.key.Expires.IsZero() && !now.Before(e.key.Expires):
		return Caller{}, &Denied{Kind: ExpiredKey, Tenant: e.tenant.Name}
	case e.tenant.Disabled:
		return Caller{}, &Denied{Kind: Disabled, Tenant: e.tenant.Name}
	}
	return Caller{Tenant: e.tenant, KeyID: e.key.ID}, nil
}

// Identify returns the caller of a request by the keys that it shows. Each is
// hashed once and looked up, so the timing depends on the hash, which cannot be
// chosen. Known keys of two tenants are ambiguous; of two keys of one tenant,
// as clients show while keys are rotated, the one that expires later is used.
func (r *Registry) Identify(shown []string, now time.Time) (Caller, *Denied) {
	if r.open != nil {
		return Caller{Tenant: r.open}, nil
	}
	var found []entry
	for _, key := range shown {
		if e, ok := r.keys[HashOf(key)]; ok {
			found = append(found, e)
		}
	}
	switch {
	case slices.ContainsFunc(found, func(e entry) bool { return e.tenant != found[0].tenant }):
		return Caller{}, &Denied{Kind: Ambiguous}
	case len(found) == 0 && len(shown) == 0:
		return Caller{}, &Denied{Kind: NoKey}
	case len(found) == 0:
		if slices.ContainsFunc(shown, func(key string) bool { return FormOf(key) == Damaged }) {
			return Caller{}, &Denied{Kind: DamagedKey}
		}
		return Caller{}, &Denied{Kind: UnknownKey}
	}
	return slices.MaxFunc(found, func(a, b entry) int { return a.key.lasts(&b.key) }).caller(now)
}
