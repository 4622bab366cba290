package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// unprovisioned reports whether the attempt keeps off the throughput that the
// project has bought: an earlier attempt of the request was told that it is used
// up, for the same model there.
func (a *attempt) unprovisioned() bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Reason == heal.ReasonProvisioned && t.Backend == a.backend.Name && t.Model == a.model
	})
}

// askedTier is the service tier that an answer is asked for by the owner's chain,
// or since what was bought is used up; "" for none.
func (a *attempt) askedTier() string {
	if a.unprovisioned() && a.backend.Kind == route.Vertex && (a.tier == "" || a.tier == gemini.Dedicated) {
		return gemini.Shared
	}
	return a.tier
}
