package tenant

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	policy "github.com/heald-proxy/heald/policies/tenant"
)

// Row is one tenant as it is listed. It holds no hash.
type Row struct {
	Name           string            `json:"name"`
	Disabled       bool              `json:"disabled"`
	File           string            `json:"file"`
	Keys           []KeyRow          `json:"keys"`
	Models         []string          `json:"models,omitempty"` // none: all
	Weight         int               `json:"weight"`
	MaxConcurrency int               `json:"max_concurrency,omitempty"` // 0: no limit
	MaxWaiting     *int              `json:"max_waiting,omitempty"`     // nil: no limit of its own
	Limits         policy.Limits     `json:"limits,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
}

// KeyRow is one key as it is listed.
type KeyRow struct {
	ID      string     `json:"id"`
	From    string     `json:"from,omitempty"` // where a chosen key is found
	Created *time.Time `json:"created,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	Expired bool       `json:"expired,omitempty"`
}

// List returns all tenants, by name.
func (b *Book) List() ([]Row, error) {
	c, err := b.load()
	if err != nil {
		return nil, err
	}
	now := b.now()
	out := []Row{}
	for _, t := range c.AllTenants() {
		row := Row{Name: t.Name, Disabled: t.Disabled, File: cmp.Or(t.File(), b.file), Keys: []KeyRow{}, Models: t.Models, Weight: max(t.Weight, 1),
			MaxConcurrency: t.MaxConcurrency, Limits: t.Limits, Labels: t.Labels}
		if n := t.Waiting(); n >= 0 {
			row.MaxWaiting = &n
		}
		for i, k := range t.Keys {
			key := KeyRow{ID: k.Name(i), Created: known(k.Created), Expires: known(k.Expires), Expired: !k.Expires.IsZero() && !now.Before(k.Expires)}
			switch {
			case k.Env != "":
				key.From = "env:" + k.Env
			case k.File != "":
				key.From = "file:" + k.File
			}
			row.Keys = append(row.Keys, key)
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// WriteJSON writes rows for programs.
func WriteJSON(w io.Writer, rows []Row) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(rows)
}

// WriteTable writes rows for people.
func WriteTable(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSTATE\tKEYS\tMODELS\tWEIGHT\tAT ONCE\tLIMITS")
	for _, r := range rows {
		state := "enabled"
		switch {
		case r.Disabled:
			state = "disabled"
		case !slices.ContainsFunc(r.Keys, func(k KeyRow) bool { return !k.Expired }):
			state = "no key"
		}
		var keys, limits []string
		for _, k := range r.Keys {
			keys = append(keys, k.String())
		}
		for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
			limits = append(limits, name+"="+strconv.FormatFloat(r.Limits[name], 'f', -1, 64))
		}
		atOnce := "no limit"
		if r.MaxConcurrency > 0 {
			atOnce = strconv.Itoa(r.MaxConcurrency)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Name, state, orNone(keys, "none"), orNone(r.Models, "all"), r.Weight, atOnce, orNone(limits, "none"))
	}
	return t.Flush()
}

// String is a key in a table.
func (k KeyRow) String() string {
	var about []string
	if k.From != "" {
		about = append(about, k.From)
	}
	if k.Created != nil {
		about = append(about, "made "+k.Created.Format(time.DateOnly))
	}
	switch {
	case k.Expired:
		about = append(about, "expired")
	case k.Expires != nil:
		about = append(about, "until "+k.Expires.Format(time.RFC3339))
	}
	if len(about) == 0 {
		return k.ID
	}
	return k.ID + " (" + strings.Join(about, ", ") + ")"
}

func orNone(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}
