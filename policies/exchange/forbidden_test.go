package exchange

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// A key that is not valid needs another secret; an API that is disabled does not.
// Who looks at the accounts is told which it is.
func TestForbiddenIsNotABadKey(t *testing.T) {
	const (
		disabled = `{"error":{"code":403,"message":"Generative Language API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}`
		invalid  = `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}`
	)
	for _, c := range []struct {
		status     int
		body       string
		kind, said string
	}{
		{403, disabled, "forbidden", "the provider forbids it: SERVICE_DISABLED (account a-1)"},
		{400, invalid, "credential", "the credential is refused (account a-1)"},
	} {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
		a := r.begin(1, "")
		send(t, a, ask)
		answerWith(a, c.status, c.body)
		if got := r.accounts.Status(time.Now()).Accounts[0].Usable; got.Kind != c.kind || got.Why != c.said {
			t.Errorf("%d: %+v", c.status, got)
		}
		// The client must not think that its own key is bad.
		e := unavailableError(&account.Unavailable{Kind: account.Forbidden})
		if e.Message == "gateway: " || !e.NoRetry {
			t.Errorf("the client is told %+v", e)
		}
	}
}
