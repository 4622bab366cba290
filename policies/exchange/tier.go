package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// unprovisioned reports whether the attempt must not use the throughput that the
// project has bought: an earlier attempt was told that it is used up, for the
// same model there.
func (a *attempt) unprovisioned() bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Reason == heal.ReasonProvisioned && t.Backend == a.backend.Name && t.Model == a.model
	})
}

// askedTier is the service tier that the request asks for, by the owner's chain,
// or because the bought throughput is used up; "" for none.
func (a *attempt) askedTier() string {
	if a.unprovisioned() && a.backend.Kind == route.Vertex && (a.tier == "" || a.tier == gemini.Dedicated) {
		return gemini.Shared
	}
	return a.tier
}
