package account

import "time"

// TokenStatus is the status of the access token of a credential.
type TokenStatus struct {
	// Ready says that there is one to send; Expires is when it ends.
	Ready   bool      `json:"ready"`
	Expires time.Time `json:"expires,omitzero"`
	// Problem is why the last fetch failed, in words without secrets; "" if it did
	// not. With Ready, the old token goes on being used.
	Problem string `json:"problem,omitempty"`
	// Refused says that the provider does not want the credential.
	Refused bool `json:"refused,omitempty"`
	// Next is when the next fetch begins; zero while one runs.
	Next time.Time `json:"next,omitzero"`
	// Fetched and Failed count fetches, by how they ended.
	Fetched int64 `json:"fetched"`
	Failed  int64 `json:"failed"`
}

// tokenStatus is the status of the account's token; nil if it has a secret
// instead.
func (a *Account) tokenStatus() *TokenStatus {
	if a.Tokens == nil {
		return nil
	}
	s := a.Tokens.Status()
	return &s
}

// tokenless is the block of an account without a token. It is known when the
// next fetch begins, but not when it ends.
func (a *Account) tokenless(now time.Time, s *TokenStatus) Usable {
	u := Usable{Kind: BadCredential.String(), Why: a.Unusable()}
	if s.Next.After(now) {
		u.Probe = s.Next
	}
	return u
}
