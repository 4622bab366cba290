package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// The headers that choose who serves a request at Vertex AI; members of a body
// for it are refused there.
// https://docs.cloud.google.com/vertex-ai/generative-ai/docs/provisioned-throughput/use-provisioned-throughput
const (
	// TierHeader asks for a tier of the shared capacity.
	TierHeader = "x-vertex-ai-llm-shared-request-type"
	// CapacityHeader asks for provisioned throughput alone, or for none of it.
	CapacityHeader = "x-vertex-ai-llm-request-type"
)

// The tiers that the owner of a gateway can ask for. Standard is the default.
// Dedicated and Shared are Vertex AI's: the throughput that a project has
// bought, and what all customers share.
const (
	Standard  = "standard"
	Flex      = "flex"
	Priority  = "priority"
	Dedicated = "dedicated"
	Shared    = "shared"
)

// Tiers are those of a kind of target.
func (k Kind) Tiers() []string {
	if k == Vertex {
		return []string{Standard, Flex, Priority, Dedicated, Shared}
	}
	return []string{Standard, Flex, Priority}
}

// HasTier reports whether a tier can be asked for there; "" can everywhere.
func (k Kind) HasTier(tier string) bool { return tier == "" || slices.Contains(k.Tiers(), tier) }

// BodyTier is the body's serviceTier for the owner's tier; "" for none.
func (o *Options) BodyTier(k Kind) string {
	if k == AIStudio && o.Operation == conversation.Generate {
		return o.Tier
	}
	return ""
}

// AddTier adds the headers for the owner's tier, and the one that avoids
// provisioned throughput.
func (o *Options) AddTier(to policies.Headers, k Kind) policies.Headers {
	if k != Vertex || o.Operation != conversation.Generate {
		return to
	}
	capacity := ""
	switch o.Tier {
	case Flex, Priority:
		to = append(to, policies.Header{Name: TierHeader, Value: o.Tier})
	case Dedicated, Shared:
		capacity = o.Tier
	}
	if o.Unprovisioned {
		capacity = Shared
	}
	if capacity != "" {
		to = append(to, policies.Header{Name: CapacityHeader, Value: capacity})
	}
	return to
}

// tier settles the service tier: the owner's, else the client's. It is a member
// of the body at AI Studio, a header at Vertex AI, where the standard one is what
// comes without.
func (r *renderer) tier(s *settings, clients string) error {
	switch clients {
	case "":
	case Standard, Flex, Priority:
		if r.opts.Tier != "" {
			break
		}
		keep, err := r.opts.Keeps(conversation.ResourceTier, r.req.FieldNames.Field("service_tier"), clients)
		switch {
		case err != nil:
			return err
		case !keep:
		case r.target.Kind == AIStudio:
			s.tier = clients
		case clients != Standard:
			s.headers = append(s.headers, policies.Header{Name: TierHeader, Value: clients})
		}
	default:
		return r.invalid("service_tier", "must be standard, flex or priority")
	}
	if tier := r.opts.BodyTier(r.target.Kind); tier != "" {
		s.tier = tier
	}
	s.headers = r.opts.AddTier(s.headers, r.target.Kind)
	return nil
}
