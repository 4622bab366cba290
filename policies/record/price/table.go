package price

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Table knows the prices of models. It does not change.
type Table struct {
	models  map[string][]period
	deny    bool
	version string
}

// period is a Period with its beginning read.
type period struct {
	from time.Time
	Period
}

// New joins the built-in list and the owner's, which has been validated.
func New(own Config) *Table {
	b := builtIn()
	t := &Table{models: map[string][]period{}, deny: own.OnUnknown == Deny, version: b.Version}
	for _, models := range []map[string][]Period{b.Models, own.Models} {
		for name, periods := range models {
			list := make([]period, len(periods))
			for i, p := range periods {
				from, _ := p.from()
				list[i] = period{from, p}
			}
			t.models[strings.ToLower(name)] = list
		}
	}
	if len(own.Models) > 0 {
		text, _ := json.Marshal(own.Models) // of numbers and texts: it cannot fail
		sum := sha256.Sum256(text)
		t.version += "+" + hex.EncodeToString(sum[:4])
	}
	return t
}

// Version names the lists: the day of the built-in one, and a sum of the owner's
// where there is one.
func (t *Table) Version() string { return t.version }

// Denies reports whether tenants with budgets of money may not use models
// whose price is unknown.
func (t *Table) Denies() bool { return t.deny }

// Cost is what an attempt costs.
type Cost struct {
	// Nano is in billionths of the currency; nil if unknown.
	Nano *int64
	// Estimated says that the usage was, or that it did not tell the modalities
	// where they have different prices.
	Estimated bool
}

// Known reports whether a model has prices in a service tier, "" being the
// standard one.
func (t *Table) Known(model, tier string, at time.Time) bool { return t.rates(model, tier, at) != nil }

// Cost returns what a usage costs in a service tier, "" being the standard one.
// A nil usage has no known cost.
func (t *Table) Cost(model, tier string, at time.Time, u *record.Usage) Cost {
	if u == nil {
		return Cost{}
	}
	r := t.rates(model, tier, at)
	if r == nil {
		return Cost{Estimated: u.Estimated}
	}
	sum, guessed := r.sum(u)
	c := Cost{Estimated: u.Estimated || guessed}
	if !sum.unknown {
		n := sum.billionths()
		c.Nano = &n
	}
	return c
}

// rates finds what holds; nil if nothing does.
func (t *Table) rates(model, tier string, at time.Time) *Rates {
	var found *Rates
	for _, p := range t.models[t.Name(model)] {
		if at.Before(p.from) {
			break
		}
		found = p.tier(tier)
	}
	return found
}

// version is what names of Google's models add to the name in the list:
// -preview, dates and numbers of versions, as in
// gemini-2.5-flash-preview-09-2025.
var versions = regexp.MustCompile(`(-preview)?(-[0-9]{2,4})*$`)

// Name returns the list's name for a model; "" if it has none. A model with an
// entry of its own is not looked for under a shorter name.
func (t *Table) Name(model string) string {
	model = strings.ToLower(model)
	model = model[strings.LastIndexByte(model, '/')+1:]
	if _, ok := t.models[model]; ok {
		return model
	}
	bare := versions.ReplaceAllString(model, "")
	if _, ok := t.models[bare]; ok {
		return bare
	}
	return ""
}
