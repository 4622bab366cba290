package exchange

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// asked leases an account for a model, as an attempt of another request does.
func (r rig) asked(id, model string) account.Lease {
	for _, a := range r.cfg.Accounts {
		if a.ID != id {
			continue
		}
		l, err := r.accounts.Acquire(context.Background(), []account.Candidate{{Backend: a.Backend, Model: model}}, account.Want{
			Request: 1, NoProbe: true, Avoid: func(other, _ string) account.Avoidance {
				if other != id {
					return account.Spent
				}
				return account.Fresh
			},
		})
		if err != nil {
			panic(err)
		}
		return l
	}
	panic("no such account: " + id)
}

// cool keeps a model on an account back, as others' failures do, or with ":"
// before its name at a backend.
func (r rig) cool(id, model, cause string, d time.Duration) {
	c := account.Cooldown{OfModel: true, Cause: cause, Kind: kinds[cause], Soft: cause == heal.ReasonServerError, For: []time.Duration{d}}
	backend, whole := strings.CutPrefix(id, ":")
	if whole {
		c.Scope, id = account.OfBackend, r.accountOf(backend)
	}
	if model == "" {
		model, c.OfModel = "some model", false
	}
	l := r.asked(id, model)
	l.Note(account.Effects{Cooldowns: []account.Cooldown{c}})
	l.Done(account.Outcome{Sent: true, Tokens: -1})
}

// fail has a backend fail others' requests, and be held back.
func (r rig) fail(backend, model string, sure bool) {
	l := r.asked(r.accountOf(backend), model)
	l.Note(account.Effects{Failed: "test", Certain: sure})
	l.Done(account.Outcome{Sent: true, Tokens: -1})
}

// accountOf is the first account of a backend.
func (r rig) accountOf(backend string) string {
	for _, a := range r.cfg.Accounts {
		if a.Backend == backend {
			return a.ID
		}
	}
	panic("no such backend: " + backend)
}

// answer has a backend answer another request.
func (r rig) answer(id, model string) {
	l := r.asked(id, model)
	l.Note(account.Effects{Answered: true})
	l.Done(account.Outcome{Sent: true, Tokens: -1})
}

// remaining is how long an account is kept back for a model, or with ":" before
// its name all of a backend.
func (r rig) remaining(id, model string) time.Duration {
	backend, whole := strings.CutPrefix(id, ":")
	for _, a := range r.cfg.Accounts {
		if a.ID == id {
			backend = a.Backend
		}
	}
	return r.accounts.Outlook(account.Candidate{Backend: backend, Model: model}, &account.Want{Avoid: func(other, _ string) account.Avoidance {
		if !whole && other != id {
			return account.Spent
		}
		return account.Fresh
	}}).In
}

func (r rig) cooling(id, model string) bool { return r.remaining(id, model) > 0 }

// held reports whether requests rather begin elsewhere.
func (r rig) held(backend, model string) bool {
	return r.accounts.Outlook(account.Candidate{Backend: backend, Model: model}, &account.Want{}).Held
}

// surelyOut reports whether requests rather begin at another model.
func (r rig) surelyOut(backend, model string) bool {
	return r.accounts.Outlook(account.Candidate{Backend: backend, Model: model}, &account.Want{}).Sure
}

// out reports whether an account is kept back, or with ":" before its name a
// backend held back.
func (r rig) out(id, model string) bool {
	if backend, whole := strings.CutPrefix(id, ":"); whole {
		return r.held(backend, model)
	}
	return r.cooling(id, model)
}

// refused is the reply to an attempt for which nobody can be asked.
func (r rig) refused(t *testing.T, a *attempt, body string) *policies.Reply {
	t.Helper()
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused by its headers: %d %s", reply.Status, reply.Body)
	}
	_, reply := a.RequestBody(context.Background(), []byte(body))
	if reply == nil {
		t.Fatalf("asks %s", a.account.ID)
	}
	a.Close(policies.EndComplete)
	return reply
}

// probing reports whether the attempt finds out if something is well again.
func (a *attempt) probing() bool { return a.lease.(interface{ Probing() bool }).Probing() }
