package accounts

import "github.com/heald-proxy/heald/policies/account"

// withToken adds to an account's state the state of its access token. An account
// without a token has no other state, and a disabled one needs no token.
func (c clock) withToken(state string, a *account.AccountStatus) string {
	if a.Kind == disabled {
		return state
	}
	words := c.token(a.Token)
	if !a.Token.Ready && a.Kind == credential {
		return "out: " + words
	}
	return state + "; " + words
}

// token describes an access token.
func (c clock) token(t *account.TokenStatus) string {
	next := "; a fetch runs"
	if !t.Next.IsZero() {
		next = "; next fetch at " + c.tell(t.Next)
	}
	switch {
	case t.Ready && t.Problem == "":
		return "token until " + c.tell(t.Expires)
	case t.Ready:
		return "token until " + c.tell(t.Expires) + ", not renewed: " + t.Problem + next
	case t.Refused:
		return "the provider refuses the credential: " + t.Problem + "; " + remedy[credential] + next
	case t.Problem != "":
		return "no access token: " + t.Problem + next
	}
	return "no access token yet" + next
}
