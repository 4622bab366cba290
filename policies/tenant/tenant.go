package tenant

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Default is the tenant of callers that are not distinguished: of client_keys,
// and of all callers if no key is required.
const Default = "default"

// Tenant is a caller with limits of its own: a team, a person, an application.
type Tenant struct {
	// Name is shown in logs, metrics and records, at most 63 letters, digits,
	// '.', '_' and '-'.
	Name string `yaml:"name"`
	// Disabled refuses all requests of the tenant with 403.
	Disabled bool `yaml:"disabled"`
	// Models are those that the tenant may use, '*' standing for any text. Default:
	// all. A list without an entry is refused. The name that a client asks for and
	// every model that it may lead to must be allowed.
	Models []string `yaml:"models"`
	// Weight is the tenant's share where several wait, relative to that of the
	// others, at most 1000; default 1.
	Weight int `yaml:"weight" unit:"shares"`
	// MaxConcurrency is how many attempts the tenant may have at once; default
	// no limit.
	MaxConcurrency int `yaml:"max_concurrency" unit:"attempts"`
	// MaxWaiting is how many of its requests may wait at once; the next one is
	// refused. Default MaxConcurrency + 20, or no limit where there is no
	// MaxConcurrency.
	MaxWaiting *int `yaml:"max_waiting" zero:"none waits" unit:"requests"`
	// Limits bound what the tenant uses in windows of time, such as
	// {requests/minute: 60, tokens/day: 2000000, money/month: 50.5}: requests,
	// tokens or money, per minute, hour, day or month, or in total.
	Limits Limits `yaml:"limits"`
	// Labels are for whoever reads records of use, such as {team: search}; at
	// most 16.
	Labels map[string]string `yaml:"labels"`
	// RecordBodies is false where bodies of the tenant's requests are never kept,
	// whatever record.bodies says; default true.
	RecordBodies *bool `yaml:"record_bodies"`

	// Keys are those with which the tenant may call.
	Keys []Key `yaml:"-"`
	// Place is where the tenant is configured, for errors; "" numbers it.
	Place string `yaml:"-"`
}

const (
	mostWeight = 1000
	// extraWaiting is how many requests may wait beyond as many as can run.
	extraWaiting = 20
	mostLabels   = 16
	longestLabel = 128 // bytes, of a name and of a value
	mostSlots    = 1_000_000
	// mostKeys bounds the keys of a tenant: one per application, and old ones.
	mostKeys = 100
)

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// CheckName says what is wrong with the name of a tenant; "" if nothing is.
func CheckName(name string) string {
	switch {
	case name == "":
		return "is missing"
	case redact.Secret(name):
		return "looks like a credential (not shown)"
	case !nameSyntax.MatchString(name):
		return redact.Quote(name) + " is no name of a tenant"
	}
	return ""
}

// NameForm is what to write for a name.
const NameForm = "write at most 63 letters, digits, '.', '_' and '-', the first a letter or digit"

// withDefaults fills what was left out.
func (t Tenant) withDefaults() Tenant {
	if t.Weight == 0 {
		t.Weight = 1
	}
	return t
}

// Waiting is how many of the tenant's requests may wait at once; negative for
// no limit of its own.
func (t *Tenant) Waiting() int {
	switch {
	case t.MaxWaiting != nil:
		return *t.MaxWaiting
	case t.MaxConcurrency > 0:
		return t.MaxConcurrency + extraWaiting
	}
	return -1
}

// KeepsBodies reports whether bodies of the tenant's requests may be kept.
func (t *Tenant) KeepsBodies() bool { return t.RecordBodies == nil || *t.RecordBodies }

// LimitsMoney reports whether one of the limits is of money.
func (t *Tenant) LimitsMoney() bool {
	return slices.ContainsFunc(t.Limits.list(), func(l limit) bool { return l.unit == Money })
}

// Validate lists what is invalid. path is that of the tenant; "" for a file of
// its own.
func (t *Tenant) Validate(path string) []error {
	var errs []error
	bad := func(field, found, fix string) {
		errs = append(errs, &setting.Problem{Path: Field(path, field), Found: found, Fix: fix})
	}
	between := func(field string, value, least, most int) {
		if value < least || value > most {
			bad(field, fmt.Sprintf("%d is not between %d and %d", value, least, most), "write a number between them, or leave the line out for the default")
		}
	}
	if found := CheckName(t.Name); found != "" {
		bad("name", found, NameForm)
	}
	if t.Models != nil && len(t.Models) == 0 {
		bad("models", "is an empty list, which could be read as none or as all", "leave the line out if the tenant may use all models, or list those that it may; disabled: true keeps it out")
	}
	for i, m := range t.Models {
		if m == "" || strings.TrimSpace(m) != m {
			bad(fmt.Sprintf("models[%d]", i), redact.Quote(m)+" is no name of a model", "write a name, or a pattern such as gemini-*")
		}
	}
	between("weight", t.Weight, 0, mostWeight)
	between("max_concurrency", t.MaxConcurrency, 0, mostSlots)
	if t.MaxWaiting != nil {
		between("max_waiting", *t.MaxWaiting, 0, mostSlots)
	}
	errs = append(errs, t.Limits.Validate(Field(path, "limits"))...)
	if len(t.Labels) > mostLabels {
		bad("labels", fmt.Sprintf("%d labels are more than %d", len(t.Labels), mostLabels), "leave some out")
	}
	for name, value := range t.Labels {
		if name == "" || len(name) > longestLabel || len(value) > longestLabel {
			bad("labels", fmt.Sprintf("a name is empty, or a name or value has more than %d bytes", longestLabel), "shorten it")
			break
		}
	}
	if len(t.Keys) > mostKeys {
		bad("keys", fmt.Sprintf("%d keys are more than %d", len(t.Keys), mostKeys), "remove old ones, or make tenants of their own for some")
	}
	return errs
}

// Field is the path of a field of the setting at path.
func Field(path, field string) string {
	if path == "" || strings.HasSuffix(path, ": ") {
		return path + field
	}
	return path + "." + field
}
