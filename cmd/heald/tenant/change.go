package tenant

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// Change is what was done.
type Change struct {
	File string // that was changed, or already says the same
	// Key is the new key; empty if none was made.
	Key account.Secret
	// ID is that of the new key.
	ID string
	// Done says that something was written.
	Done bool
	// Expiring are the ids of keys that now end at Expires; Removed are those
	// of removed keys.
	Expiring, Removed []string
	Expires           time.Time
}

// New is a tenant to be made.
type New struct {
	policy.Tenant
	// Chosen is the place of a key that a person has chosen; none: a key is made.
	Chosen config.Source
}

// Add makes a tenant with a key.
func (b *Book) Add(n New) (Change, error) {
	out := Change{Done: true}
	chosen := ""
	if n.Chosen != (config.Source{}) {
		key, err := n.Chosen.Read("--key")
		if err != nil {
			return out, err
		}
		if found := policy.CheckChosen(key); found != "" {
			return out, &setting.Problem{Path: "--key", Found: found, Fix: "choose a longer one, or let heald make one: leave --key out"}
		}
		chosen = key
	}
	file, err := b.change(n.Name, true, func(_ config.Tenant, m mapping) (bool, error) {
		if err := write(m, n.Tenant); err != nil {
			return false, err
		}
		list, err := m.keys(0)
		if err != nil {
			return false, err
		}
		out.Key, out.ID = addKey(list, chosen, b.now())
		return true, nil
	})
	out.File = file
	return out, err
}

// write writes the settings of a tenant other than its name and keys.
func write(m mapping, t policy.Tenant) error {
	for _, f := range []struct {
		key   string
		said  bool
		value any
	}{
		{"models", len(t.Models) > 0, t.Models},
		{"weight", t.Weight != 0, t.Weight},
		{"max_concurrency", t.MaxConcurrency != 0, t.MaxConcurrency},
		{"max_waiting", t.MaxWaiting != nil, t.MaxWaiting},
		{"limits", len(t.Limits) > 0, t.Limits},
		{"labels", len(t.Labels) > 0, t.Labels},
	} {
		if f.said {
			if err := m.encode(f.key, f.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// addKey adds a key to the list of a tenant's: the chosen one or, with "", one that is made
// and returned.
func addKey(list *yaml.Node, chosen string, now time.Time) (made account.Secret, id string) {
	key := chosen
	if key == "" {
		made = policy.Make()
		key = made.Reveal()
	}
	k := config.NewTenantKey(newID(), key, now)
	one := mapping{&yaml.Node{Kind: yaml.MappingNode}}
	one.put("id", scalar(k.ID))
	one.put("hash", scalar(k.Hash))
	one.put("created", instant(k.Created))
	list.Content = append(list.Content, one.Node)
	return made, k.ID
}

// newID makes the id of a key. It is not derived from the key.
func newID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "k-" + hex.EncodeToString(b[:])
}

// SetDisabled switches a tenant off or on.
func (b *Book) SetDisabled(name string, disabled bool) (Change, error) {
	var out Change
	file, err := b.change(name, false, func(t config.Tenant, m mapping) (bool, error) {
		out.Done = t.Disabled != disabled
		if disabled {
			return out.Done, m.encode("disabled", true)
		}
		m.remove("disabled")
		return out.Done, nil
	})
	out.File = file
	return out, err
}

// Rotate gives a tenant a new key. The others end after keep, unless they end
// sooner; expired ones are removed.
func (b *Book) Rotate(name string, keep time.Duration) (Change, error) {
	now := b.now()
	out := Change{Done: true, Expires: now.Add(keep).UTC().Truncate(time.Second)}
	file, err := b.change(name, false, func(t config.Tenant, m mapping) (bool, error) {
		list, err := m.keys(len(t.Keys))
		if err != nil {
			return false, err
		}
		for i := len(t.Keys) - 1; i >= 0; i-- {
			k := t.Keys[i]
			ends := !k.Expires.IsZero()
			switch {
			case keep <= 0 || ends && !now.Before(k.Expires):
				list.Content = slices.Delete(list.Content, i, i+1)
				out.Removed = append(out.Removed, k.Name(i))
			case !ends || k.Expires.After(out.Expires):
				one := mapping{list.Content[i]}
				if err := one.plain(b.file); err != nil {
					return false, err
				}
				if k.ID == "" { // its place in the list may change
					one.put("id", scalar(k.Name(i)))
				}
				one.put("expires", instant(out.Expires))
				out.Expiring = append(out.Expiring, k.Name(i))
			}
		}
		slices.Reverse(out.Removed)
		slices.Reverse(out.Expiring)
		out.Key, out.ID = addKey(list, "", now)
		return true, nil
	})
	out.File = file
	return out, err
}

// RemoveKey removes a key at once.
func (b *Book) RemoveKey(name, id string) (Change, error) {
	out := Change{Done: true}
	file, err := b.change(name, false, func(t config.Tenant, m mapping) (bool, error) {
		list, err := m.keys(len(t.Keys))
		if err != nil {
			return false, err
		}
		var ids []string
		for i, k := range t.Keys {
			if k.Name(i) == id {
				list.Content = slices.Delete(list.Content, i, i+1)
				out.Removed = []string{id}
				return true, nil
			}
			ids = append(ids, k.Name(i))
		}
		fix := "the tenant has no key"
		if len(ids) > 0 {
			fix = "its keys are " + strings.Join(ids, ", ")
		}
		return false, &setting.Problem{Path: "KEY-ID", Found: fmt.Sprintf("the tenant %s has no key %s", redact.Quote(name), redact.Quote(id)), Fix: fix}
	})
	out.File = file
	return out, err
}
