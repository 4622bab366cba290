package exchange

import (
	"context"
	"slices"

	"github.com/heald-proxy/heald/policies/heal"
)

// quotaHeader names the project to which Google counts a request, where a
// credential says so: requests of a person's login have none of their own.
const quotaHeader = "x-goog-user-project"

// CredentialRenewed tells the exchange that an account has a new credential: a
// refusal of the last one no longer counts.
func (x *Exchange) CredentialRenewed(id string) { x.accounts.Renewed(id) }

// otherToken reports that the account may have another access token next time,
// after the first 401 to this request.
func (a *attempt) otherToken(seen *heal.Seen) bool {
	return a.account.Tokens != nil && seen.Status == 401 && !a.refusedBefore()
}

// refusedBefore reports that the account's credential was refused in an earlier
// attempt.
func (a *attempt) refusedBefore() bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Account == a.account.ID && t.Reason == heal.ReasonBadKey
	})
}

// settleTokens waits until access tokens are replaced that an earlier attempt
// found refused: the next attempt needs the new token.
func (a *attempt) settleTokens(ctx context.Context) {
	for _, t := range a.memory.Tries {
		if t.Reason == heal.ReasonBadKey {
			a.x.accounts.SettleToken(ctx, t.Account)
		}
	}
}

// credentialRefused applies a verdict that the account's credential was refused:
// it is about the credential that was sent, which may have been replaced
// meanwhile.
func (a *attempt) credentialRefused(r *heal.Verdict) {
	if !a.account.Shows(a.shown) {
		r.Account = heal.Effect{}
	}
	a.account.Refused(a.shown)
}
