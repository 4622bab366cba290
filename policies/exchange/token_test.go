package exchange

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// tokens are those of an account; Settle brings the next one.
type tokens struct {
	mu      sync.Mutex
	list    []string // the first is the current one
	refused int
}

func (t *tokens) Token() (account.Secret, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == 0 {
		return account.Secret{}, false
	}
	return account.NewSecret(t.list[0]), true
}

func (t *tokens) QuotaProject() account.Secret { return account.NewSecret("quota-project") }

func (t *tokens) Status() account.TokenStatus {
	_, ok := t.Token()
	return account.TokenStatus{Ready: ok}
}

func (t *tokens) Unusable() string {
	if _, ok := t.Token(); !ok {
		return "the provider refuses the credential: invalid_grant"
	}
	return ""
}

func (t *tokens) Wait(ctx context.Context) error {
	if why := t.Unusable(); why != "" {
		return errors.Join(ctx.Err(), errors.New(why))
	}
	return nil
}

func (t *tokens) Settle(context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused > 0 && len(t.list) > 1 {
		t.list = t.list[1:]
	}
}

func (t *tokens) Refused(account.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
}

func withTokens(list ...string) (*tokens, func(*Config)) {
	ts := &tokens{list: list}
	return ts, func(c *Config) {
		c.Backends = c.Backends[1:]
		c.Accounts = []account.Account{{ID: "b-1", Backend: "b", Tokens: ts}}
	}
}

// A 401 has the access token renewed, and the request is sent again with the
// next one, once.
func TestRefusedTokenIsReplaced(t *testing.T) {
	ts, with := withTokens("first", "second", "third")
	r := newRig(t, with)
	a := r.begin(1, "")
	f := send(t, a, ask)
	if got, quota := f.Set.Get("authorization"), f.Set.Get("x-goog-user-project"); got != "Bearer first" || quota != "quota-project" {
		t.Fatalf("sent %q, quota project %q", got, quota)
	}
	act := answerWith(a, 401, `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`)
	if act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonBadKey || ts.refused != 1 {
		t.Fatalf("verdict %v, reason %s, refused %d", act.Reply.Verdict, act.Reply.Reason, ts.refused)
	}
	memory := act.Reply.Memory
	a = r.begin(2, memory)
	if got := send(t, a, ask).Set.Get("authorization"); got != "Bearer second" {
		t.Fatalf("sent again %q", got)
	}
	if act = answerWith(a, 401, ""); act.Reply.Verdict != policies.Fail {
		t.Errorf("after two refused tokens: %v", act.Reply.Verdict)
	}
}

// A late 401 is about the old token: the account stays with the new one. And a
// new token ends what the old one got it.
func TestRefusalIsOfOneToken(t *testing.T) {
	ts, with := withTokens("first", "second")
	r := newRig(t, with)
	a, b := r.begin(1, ""), r.begin(1, "")
	send(t, a, ask)
	send(t, b, ask)
	answerWith(a, 401, "")
	if !r.cooling("b-1", "gemini-3.5-flash") {
		t.Fatal("a refused credential is used on")
	}
	ts.Settle(t.Context())
	r.CredentialRenewed("b-1")
	answerWith(b, 401, "")
	if r.cooling("b-1", "gemini-3.5-flash") {
		t.Error("the new token rests for what the old one got")
	}
}

// Without a token nothing is sent, and the client is not told why.
func TestNoToken(t *testing.T) {
	_, with := withTokens()
	r := newRig(t, with)
	a := r.begin(1, "")
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatal(reply.Status)
	}
	_, reply := a.RequestBody(t.Context(), []byte(ask))
	if reply == nil || reply.Status != 500 || reply.Reason != heal.ReasonAccountsRefused || !strings.Contains(string(reply.Body), "account b-1 has no access token at the moment") || strings.Contains(string(reply.Body), "invalid_grant") {
		t.Fatalf("got %+v", reply)
	}
	a.Close(policies.EndComplete)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a = r.begin(1, "")
	a.RequestHeaders()
	if _, reply := a.RequestBody(ctx, []byte(ask)); reply == nil || reply.Reason != heal.ReasonClientGone {
		t.Errorf("a client that has gone: %+v", reply)
	}
	a.Close(policies.EndCancelled)
}

// An account without a token is passed over while another backend has one.
func TestNoTokenElsewhere(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Accounts = []account.Account{{ID: "a-1", Backend: "a", Tokens: &tokens{}}, {ID: "b-1", Backend: "b", Tokens: &tokens{list: []string{"t"}}}}
	})
	a := r.begin(1, "")
	f := send(t, a, ask)
	if f.Cluster != "b" {
		t.Errorf("asked %s", f.Cluster)
	}
	a.Close(policies.EndComplete)
}
