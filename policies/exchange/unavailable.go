package exchange

import (
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// unavailableReasons are the reasons of requests for which no account was
// available.
var unavailableReasons = map[account.Kind]string{
	account.NoKind:        heal.ReasonAccountsRefused,
	account.Busy:          heal.ReasonAccountsBusy,
	account.Crowded:       heal.ReasonAccountsBusy,
	account.RateLimit:     heal.ReasonAccountsLimited,
	account.QuotaSpent:    heal.ReasonAccountsLimited,
	account.NoCapacity:    heal.ReasonAccountsOut,
	account.Outage:        heal.ReasonAccountsOut,
	account.NoState:       heal.ReasonAccountsOut,
	account.NoMoney:       heal.ReasonAccountsRefused,
	account.Refused:       heal.ReasonAccountsRefused,
	account.BadCredential: heal.ReasonAccountsRefused,
	account.Forbidden:     heal.ReasonAccountsRefused,
}

// unavailableError is the client's error. Faults of heald's own accounts are not
// sent as 401 or 403: the client must not think that its own key is bad.
func unavailableError(u *account.Unavailable) conversation.Error {
	e := conversation.Error{Kind: conversation.ErrOverloaded, Message: "gateway: " + unavailableMessages[u.Kind]}
	switch u.Kind {
	case account.Busy, account.Crowded, account.RateLimit:
		e.Kind = conversation.ErrRateLimit
	case account.QuotaSpent, account.NoMoney:
		e.Kind, e.NoRetry = conversation.ErrQuota, true
	case account.BadCredential, account.Forbidden, account.NoKind:
		e.Kind, e.NoRetry = conversation.ErrAPI, true
	case account.Refused:
		e.Kind, e.NoRetry = conversation.ErrAPI, true
		if u.Cause == heal.ReasonNoModel {
			e.Kind = conversation.ErrNotFound
		}
	}
	if u.Cause == account.NoToken {
		e.Message = "gateway: account " + u.What + " has no access token at the moment" // why is in the log
	}
	retryAfterUnavailable(&e, u)
	return e
}

var unavailableMessages = map[account.Kind]string{
	account.NoKind:        "no account of the model backend can answer this request",
	account.Busy:          "all slots of the model backend's accounts are taken",
	account.Crowded:       "too many requests are waiting for the model backend",
	account.RateLimit:     "the rate limit of the model backend is reached",
	account.QuotaSpent:    "the quota of the model backend is used up",
	account.NoCapacity:    "the model backend has no capacity now",
	account.Outage:        "the model backend does not answer now",
	account.NoState:       "the state that the gateway's replicas share cannot be reached",
	account.NoMoney:       "the model backend's accounts are out of credit",
	account.Refused:       "the model backend does not serve this",
	account.BadCredential: "the gateway's credential for the model backend was refused; see the gateway's log",
	account.Forbidden:     "the model backend forbids its use to the gateway's accounts; see the gateway's log",
}
