package main

import (
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account/credential"
)

// tokensChanged logs changes of the accounts' tokens, and tells the policy about
// a new one, which ends whatever was held against the old one. The refresher
// calls it.
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
		s.log.Warn("the provider refuses a credential", append(fields, zap.String("error", st.Problem), zap.Int("failures", st.Failures))...)
	default:
		s.log.Warn("access token not fetched", append(fields, zap.String("error", st.Problem), zap.Int("failures", st.Failures))...)
	}
}
