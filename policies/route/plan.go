package route

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// Candidate is a model at a backend in a service tier: what an attempt can be
// sent to.
type Candidate struct {
	// Backend is one of the request's; it is not copied.
	Backend *Backend
	Model   string
	// Tier is the hop's; "" leaves it to the client.
	Tier string
}

// String is backend/model, and the tier if the chain names one.
func (c Candidate) String() string {
	if c.Tier == "" {
		return c.Backend.Name + "/" + c.Model
	}
	return c.Backend.Name + "/" + c.Model + " (" + c.Tier + ")"
}

// Request is what decides where a request can go.
type Request struct {
	// Chain is what its model name means; it has a hop at least.
	Chain Chain
	// Backends of its route, in order of preference. Candidates point into them.
	Backends []Backend
	// Table is what is known of models, Operation what is asked of them.
	Table     gemini.Table
	Operation conversation.Operation
	// OneModel keeps to the first model of the chain.
	OneModel bool
}

// Plan lists what can be asked along the chain of a request, in order of
// preference and without repetition: of each hop the backends that serve it.
// Embeddings have no tiers: those of one model are one candidate.
func Plan(req Request) []Candidate {
	var out []Candidate
	for _, hop := range req.Chain {
		other := hop.Model != req.Chain[0].Model
		if other && req.OneModel || req.Table.Capabilities(hop.Model).CheckOperation(req.Operation) != nil {
			continue
		}
		for i := range req.Backends {
			c := Candidate{&req.Backends[i], hop.Model, hop.Tier}
			if req.Operation == conversation.Embed {
				c.Tier = ""
			}
			if hop.leadsTo(c.Backend) && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}
