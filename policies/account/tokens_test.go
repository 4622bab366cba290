package account

import (
	"context"
	"strings"
	"testing"
)

// tokens are those of a credential; "" is none.
type tokens struct {
	now     string
	refused []Secret
	status  TokenStatus
}

func (t *tokens) Token() (Secret, bool)      { return NewSecret(t.now), t.now != "" }
func (t *tokens) QuotaProject() Secret       { return NewSecret("quota") }
func (t *tokens) Wait(context.Context) error { return nil }
func (t *tokens) Settle(context.Context)     {}
func (t *tokens) Status() TokenStatus        { return t.status }
func (t *tokens) Refused(s Secret)           { t.refused = append(t.refused, s) }
func (t *tokens) Unusable() string {
	if t.now == "" {
		return "no access token yet"
	}
	return ""
}

// An account shows the token of the moment.
func TestTokens(t *testing.T) {
	now := &tokens{now: "first"}
	p := accounts(t, []Account{{ID: "a", Backend: "x", Tokens: now}, {ID: "b", Backend: "x", Tokens: &tokens{now: "other"}}}, Deps{})
	a := p.Ready("x", 1)[0]
	for _, token := range []string{"first", "second"} {
		now.now = token
		if name, value := a.Header(); a.ID != "a" || name != "authorization" || value != "Bearer "+token || a.Unusable() != "" {
			t.Errorf("%s shows %s: %s, %q", a.ID, name, value, a.Unusable())
		}
	}
	_, value := a.Header()
	if a.Refused(value); !a.Shows(value) || a.Shows("Bearer first") {
		t.Error("the account does not know what it shows")
	}
	if len(now.refused) != 1 || now.refused[0] != NewSecret("second") {
		t.Errorf("refused: %d", len(now.refused))
	}
	now.now = ""
	if why := a.Unusable(); why != "no access token yet" {
		t.Errorf("unusable: %q", why)
	}
	tried := Want{Avoid: func(id, _ string) Avoidance {
		if id == "b" {
			return Tried
		}
		return Fresh
	}}
	for _, w := range []Want{{}, tried} {
		if got, _ := acquired(t, p, plan("m", "x"), w); got != "b" {
			t.Errorf("%s is asked, which has no token", got)
		}
	}
	if !p.Outlook(Candidate{Backend: "x", Model: "m"}, &Want{}).Ready() {
		t.Error("b could be asked")
	}
	key := Account{Secret: NewSecret("k")}
	if key.Refused("k"); key.Unusable() != "" || key.QuotaProject() != "" || a.QuotaProject() != "quota" {
		t.Error("a key is unusable")
	}
	_, err := New([]Account{{ID: "a", Scheme: APIKey, Tokens: now}, {ID: "b", Secret: NewSecret("k"), Tokens: now}}, Deps{})
	for _, want := range []string{"accounts[0].scheme: access tokens travel as bearer", "accounts[1].secret: the account has a secret and a credential"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
