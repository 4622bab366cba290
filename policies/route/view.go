package route

import (
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/listing"
)

// View is the catalog for one request: it lists what can be asked for at the
// backends of its route. Aliases are listed too, since clients pick from the
// list.
type View struct {
	of       *Catalog
	backends []Backend
	ownHost  bool // the authority of requests is heald's, not the route's
}

// firstList is how long a client that asks for models may wait for the first
// list. Codex gives up after five seconds.
const firstList = 2 * time.Second

// View is the catalog for a request to these backends, under these settings.
func (c *Catalog) View(backends []Backend, s *Settings) View {
	return View{of: c, backends: backends, ownHost: s.Authority == "heald"}
}

// offered returns the list of a backend and has it refreshed if it is due; nil
// where none can be fetched.
func (v View) offered(b *Backend) *listing.List {
	from := Source{Name: b.Name, Cluster: b.Cluster, Version: b.Version, Kind: b.Kind}
	if v.ownHost {
		from.Authority = b.Authority()
	}
	return v.of.offered(from)
}

// Await refreshes the lists of all backends, and waits a moment for the first
// ones.
func (v View) Await() {
	var lists []*listing.List
	for i := range v.backends {
		if l := v.offered(&v.backends[i]); l != nil {
			lists = append(lists, l)
		}
	}
	timeout := make(chan time.Time)
	timer := time.AfterFunc(firstList, func() { close(timeout) })
	defer timer.Stop()
	for _, l := range lists {
		l.Wait(timeout)
	}
}

// Learn refreshes the list of a backend if the model is not in the table. It
// does not wait: what is learned serves later requests.
func (v View) Learn(b *Backend, model string) {
	if !v.of.own.Knows(model) {
		v.offered(b)
	}
}

// Models are what can be asked for, in the order of their names.
func (v View) Models() []Listed {
	names := v.names()
	out := make([]Listed, 0, len(names))
	for _, n := range names {
		out = append(out, v.listed(n))
	}
	return out
}

// Find is the model, or the alias, of this name; ok is false for one that cannot
// be asked for. The name may be one that no list holds: with a prefix, or of a
// pattern.
func (v View) Find(name string) (found Listed, ok bool) {
	aliased := v.of.models.Aliased(name) && slices.ContainsFunc(v.of.models.Resolve(name), v.leads)
	names := v.names()
	if !aliased && !slices.Contains(names, name) && !slices.Contains(names, v.of.models.UpstreamName(name)) {
		return Listed{}, false
	}
	return v.listed(name), true
}

func (v View) listed(name string) Listed {
	model := v.of.models.Resolve(name)[0].Model
	m := Listed{Name: name, Can: v.of.Table().Capabilities(model), Created: gemini.Released(model), Methods: v.methods(model)}
	if model != name {
		m.Of = model
	}
	return m
}

// methods are what can be asked of a model.
func (v View) methods(model string) []string {
	all := []string{"generateContent", "streamGenerateContent", "countTokens"}
	if v.of.Table().Capabilities(model).Embeds() {
		all = []string{"embedContent", "batchEmbedContents", "countTokens"}
	}
	for i := range v.backends {
		list := v.offered(&v.backends[i])
		if list == nil {
			continue
		}
		for _, m := range list.Models() {
			if m.Name == model && m.Methods != nil && !slices.Contains(m.Methods, "countTokens") {
				return all[:2]
			}
		}
	}
	return all
}

// leads reports whether a backend of the route serves a hop.
func (v View) leads(h Hop) bool {
	return slices.ContainsFunc(v.backends, func(b Backend) bool { return h.leadsTo(&b) })
}

// offeredNames adds the models that a backend which serves all can be asked for:
// those of its list and those of the table. A row is left out where the list has
// the model under longer names alone, such as gemini-3-pro-preview.
func (v View) offeredNames(b *Backend, names map[string]bool) {
	longer := map[string]bool{}
	if list := v.offered(b); list != nil {
		for _, m := range list.Models() {
			if m.Generates() || m.Embeds() {
				names[m.Name] = true
				longer[v.of.own.Family(m.Name)] = true
			}
		}
	}
	for _, r := range v.of.own {
		if r.VertexOnly && b.Kind != Vertex {
			continue
		}
		if _, own := v.of.models.Known[r.Model]; own || !longer[r.Model] {
			names[r.Model] = true
		}
	}
}

// names are the models that can be asked for: those of the backends, or
// of the table and the backend's list where a backend serves all, and the
// aliases that are names and lead to a backend of the route.
func (v View) names() []string {
	names := map[string]bool{}
	for _, b := range v.backends {
		for _, m := range b.Models {
			names[m] = true
		}
		if len(b.Models) == 0 {
			v.offeredNames(&b, names)
		}
	}
	for alias, chain := range v.of.models.Aliases {
		if !strings.Contains(alias, "*") && slices.ContainsFunc(chain, v.leads) {
			names[alias] = true
		}
	}
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
