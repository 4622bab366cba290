package exchange

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// Model lists are answered here: the list is what this gateway can serve, which
// is what its configuration, the table of models and the backends' own lists
// (offered.go) say. Aliases are listed too, since clients pick from the list.

// listModels answers a request for the list of models, or for one of them; nil
// if the request is for something else.
func (a *attempt) listModels() *policies.Reply {
	name, ok := a.endpoint.listed()
	if !ok || a.in.Method != http.MethodGet && a.in.Method != http.MethodHead {
		return nil
	}
	if reply := a.checkModel(name); reply != nil {
		return reply
	}
	return a.modelReply(name)
}

// listed reports whether the endpoint is the list of models, and of which one,
// "" for all. Vertex AI's clients ask for publishers/google/models.
func (e *endpoint) listed() (model string, ok bool) {
	name, ok := strings.CutPrefix(strings.TrimPrefix(e.inProject(), "publishers/google/"), "models")
	if !ok || name != "" && name[0] != '/' {
		return "", false
	}
	model, err := url.PathUnescape(strings.TrimPrefix(name, "/"))
	return strings.TrimPrefix(model, "models/"), err == nil
}

// publishers reports whether the list of models is Vertex AI's.
func (e *endpoint) publishers() bool { return strings.HasPrefix(e.inProject(), "publishers/") }

func (a *attempt) modelReply(name string) *policies.Reply {
	a.awaitOffers()
	names := a.modelNames()
	aliased := a.x.cfg.Models.Aliased(name) && slices.ContainsFunc(a.x.cfg.Models.Resolve(name), a.leads)
	switch {
	case name == "":
	case aliased, slices.Contains(names, name), slices.Contains(names, a.x.cfg.Models.UpstreamName(name)):
		names = []string{name} // perhaps of a pattern or with a prefix, which no list holds
	default:
		names = nil
	}
	models := a.listedModels(names)
	if name != "" && len(models) == 0 {
		return a.refuseModel(heal.ReasonModelList, conversation.ErrNotFound, redact.Quote(name)+" is not served by this gateway")
	}
	var body any
	if name != "" {
		body = a.oneModel(models[0])
	} else {
		var err error
		if body, err = a.allModels(models); err != nil {
			return a.refuseError(err)
		}
	}
	text, _ := json.Marshal(body) // strings and numbers always encode
	a.record.final = true
	a.settle(policies.Pass, heal.ReasonModelList)
	a.move(over)
	return &policies.Reply{
		Status: http.StatusOK, Verdict: policies.Pass, Reason: heal.ReasonModelList, Body: text,
		Headers: append(policies.Headers{
			{Name: "content-type", Value: "application/json"},
			{Name: policies.HeaderLocal, Value: heal.ReasonModelList},
			{Name: policies.HeaderClientRequestID, Value: a.requestID()},
		}, a.x.cfg.Browsers.readable(a.in)...),
	}
}

// methods are what can be asked of a model.
func (a *attempt) methods(model string) []string {
	all := []string{"generateContent", "streamGenerateContent", "countTokens"}
	if a.x.table.Load().Capabilities(model).Embeds() {
		all = []string{"embedContent", "batchEmbedContents", "countTokens"}
	}
	for i := range a.backends {
		list := a.offered(&a.backends[i])
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
func (a *attempt) leads(h route.Hop) bool {
	return slices.ContainsFunc(a.backends, func(b route.Backend) bool { return h.LeadsTo(&b) })
}

// offeredNames adds the models that a backend which serves all can be asked for:
// those of its list and those of the table. A row is left out where the list has
// the model under longer names alone, such as gemini-3-pro-preview.
func (a *attempt) offeredNames(b *route.Backend, names map[string]bool) {
	longer := map[string]bool{}
	if list := a.offered(b); list != nil {
		for _, m := range list.Models() {
			if m.Generates() || m.Embeds() {
				names[m.Name] = true
				longer[a.x.owned.Family(m.Name)] = true
			}
		}
	}
	for _, r := range a.x.owned {
		if r.VertexOnly && b.Kind != route.Vertex {
			continue
		}
		if _, own := a.x.cfg.Models.Known[r.Model]; own || !longer[r.Model] {
			names[r.Model] = true
		}
	}
}

// modelNames are the models that can be asked for: those of the backends, or
// of the table and the backend's list where a backend serves all, and the
// aliases that are names and lead to a backend of the route.
func (a *attempt) modelNames() []string {
	names := map[string]bool{}
	for _, b := range a.backends {
		for _, m := range b.Models {
			names[m] = true
		}
		if len(b.Models) == 0 {
			a.offeredNames(&b, names)
		}
	}
	for alias, chain := range a.x.cfg.Models.Aliases {
		if !strings.Contains(alias, "*") && slices.ContainsFunc(chain, a.leads) {
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
