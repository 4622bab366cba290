package account

import (
	"context"
	"strings"
)

// Tokens are access tokens of one credential, renewed as they end.
// policies/account/credential makes them. They are safe for concurrent use.
type Tokens interface {
	// Token returns the token to send; ok is false if there is none. It never
	// blocks.
	Token() (token Secret, ok bool)
	// QuotaProject is the project to which the credential wants requests
	// counted; empty if it names none.
	QuotaProject() Secret
	// Unusable says in words why there is no token; "" means that there is one.
	Unusable() string
	// Status describes the token, for people and metrics.
	Status() TokenStatus
	// Wait returns once there is a token. It waits for a short time at most, and
	// not at all where the provider refuses the credential. It blocks, so it is
	// called outside locks.
	Wait(context.Context) error
	// Settle returns once a fetch that runs has ended, after a short time at
	// most. It blocks, like Wait.
	Settle(context.Context)
	// Refused is called when the provider refused a token.
	Refused(token Secret)
}

// Unusable says why the account has no credential to send at the moment, for
// example because its access token has ended; "" means that it has one.
func (a *Account) Unusable() string {
	if a.Tokens == nil {
		return ""
	}
	return a.Tokens.Unusable()
}

// QuotaProject is the value of the header field x-goog-user-project that belongs
// to the credential; "" for none.
func (a *Account) QuotaProject() string {
	if a.Tokens == nil {
		return ""
	}
	return a.Tokens.QuotaProject().Reveal()
}

// Shows reports whether the account would now send this value of its header
// field: an error about another value concerns a token that was replaced.
func (a *Account) Shows(value string) bool {
	_, now := a.Header()
	return now == value
}

// Refused is called when the provider answered 401 to a request with this value
// of the header field that Header names. An access token is then replaced.
func (a *Account) Refused(value string) {
	if a.Tokens != nil {
		a.Tokens.Refused(NewSecret(strings.TrimPrefix(value, "Bearer ")))
	}
}
