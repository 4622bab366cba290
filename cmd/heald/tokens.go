package main

import (
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account/credential"
)

// tokensChanged logs what became of the tokens of accounts, and tells the policy
// of a new one: what was held against the last is over. The refresher calls it.
func (s *sidecar) tokensChanged(r *credential.Refresher, st credential.State) {
	owners := s.tokensOf.Load()
	if owners == nil {
		return
	}
	ids := (*owners)[r]
	fields := []zap.Field{zap.Strings("accounts", ids), zap.Bool("usable", st.Ready), zap.Time("next_try", st.Next)}
	switch {
	case st.Problem == "":
		s.log.Info("access token fetched", append(fields, zap.Time("expires", st.Expires))...)
		if x := s.policy.current.Load(); x != nil && st.Renewed {
			for _, id := range ids {
				x.CredentialRenewed(id)
			}
		}
	case st.Refused:
		s.log.Error("the provider refuses a credential", append(fields, zap.String("error", st.Problem), zap.Int("failures", st.Failures))...)
	default:
		s.log.Warn("access token not fetched", append(fields, zap.String("error", st.Problem), zap.Int("failures", st.Failures))...)
	}
}
