package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/account"
)

// told is what a server answers at /accounts.
func told(t *testing.T, report func() accounts.Report) *httptest.ResponseRecorder {
	t.Helper()
	s := New(Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Accounts: report})
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, accounts.Path, nil))
	return w
}

// The report has what the scheduler knows about real accounts, but none of
// their credentials, nor anything secret that clients have written into names
// of models.
func TestAccountsWithoutSecrets(t *testing.T) {
	const key, pasted, mail = "AIzaSyD4u6Ff9xUqk1bH2v7W0cR8mZt3YpLs5Ea", "AIzaSyB1c2D3e4F5g6H7i8J9k0L1m2N3o4P5q6R", "jane.doe@example.com"
	list := []account.Account{
		{ID: "studio-1", Backend: "studio", Place: "ai_studio", Project: "search", Secret: account.NewSecret(key)},
		{ID: "studio-2", Backend: "studio", Place: "ai_studio", Billing: "lab", Scheme: account.Bearer, Secret: account.NewSecret(key + "2")},
	}
	p, err := account.New(list, account.Deps{Random: func() float64 { return 0 }, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, model := range []string{"gemini-3.8-flash", pasted, mail} {
		for range list { // one after the other is refused
			l, err := p.Acquire(context.Background(), []account.Candidate{{Backend: "studio", Model: model}}, account.Want{})
			if err != nil {
				t.Fatal(err)
			}
			l.Note(account.Effects{Cooldowns: []account.Cooldown{{OfModel: true, Cause: "403", Kind: account.BadCredential, For: []time.Duration{time.Hour}}}})
			l.Done(account.Outcome{Result: account.Failed, Sent: true, Tokens: -1})
		}
	}
	w := told(t, func() accounts.Report {
		return accounts.Report{State: accounts.State{Store: "memory", Up: true}, Status: p.Status(time.Now())}
	})
	var r accounts.Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK || w.Header().Get("content-type") != "application/json" {
		t.Fatalf("%d, %v: %s", w.Code, err, w.Body)
	}
	if len(r.Accounts) != 2 || r.Accounts[0].Group != "ai_studio/search" || r.Accounts[1].Models["gemini-3.8-flash"].Kind != "credential" || len(r.Backends) != 3 {
		t.Errorf("%+v", r)
	}
	var table strings.Builder
	if err := accounts.WriteTable(&table, &r, time.UTC); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{w.Body.String(), table.String()} {
		for _, secret := range []string{key, pasted, mail, "AIza"} {
			if strings.Contains(text, secret) {
				t.Errorf("it tells %s:\n%s", secret, text)
			}
		}
	}
}

// Programs iterate over the lists without asking whether they are there.
func TestListsAreLists(t *testing.T) {
	body := told(t, func() accounts.Report { return accounts.Report{} }).Body.String()
	if strings.Contains(body, "null") {
		t.Error(body)
	}
}

func TestNothingToTell(t *testing.T) {
	if w := told(t, nil); w.Code != http.StatusNotFound || !strings.HasPrefix(w.Body.String(), accounts.NotTold) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
