package simulate

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// heald is the real scheduler over the real store, in virtual time.
type heald struct {
	s        *Scenario
	store    state.Store
	accounts *account.Accounts
	index    map[string]int // of accounts, by id
	plans    [][]account.Candidate

	mu        sync.Mutex
	estimator *account.Estimator
}

// maxWait is heald's default.
const maxWait = 30 * time.Second

// makeHeald makes replicas that share a store; a single one has its own.
func makeHeald(s *Scenario) []Policy {
	shared := memory.New()
	var all []Policy
	for i := range s.replicas() {
		var store state.Store = shared
		if s.replicas() > 1 {
			store = state.NewGuard(newRemote(s, shared), memory.New(), state.GuardConfig{})
		}
		all = append(all, newHeald(s, store, rand.New(rand.NewPCG(s.Seed, uint64(i)))))
	}
	return all
}

func newHeald(s *Scenario, store state.Store, rnd *rand.Rand) *heald {
	h := &heald{s: s, store: store, index: map[string]int{}, estimator: account.NewEstimator()}
	var list []account.Account
	for i, a := range s.accounts() {
		h.index[a.ID] = i
		list = append(list, s.configured(a))
	}
	for _, model := range s.Models {
		var plan []account.Candidate
		for _, p := range s.Projects {
			c := account.Candidate{Backend: p.Backend, Model: model, CachedFrom: cacheMinimum}
			if !slices.Contains(plan, c) {
				plan = append(plan, c)
			}
		}
		h.plans = append(h.plans, plan)
	}
	var mu sync.Mutex
	accounts, err := account.New(list, account.Deps{
		Store: store, Shared: s.replicas() > 1, Log: zap.NewNop(),
		Random: func() float64 {
			mu.Lock()
			defer mu.Unlock()
			return rnd.Float64()
		},
	})
	if err != nil {
		panic(err) // the scenarios are ours
	}
	h.accounts = accounts
	return h
}

// configured is an account as heald.yaml would have it.
func (s *Scenario) configured(a Account) account.Account {
	p := s.Projects[a.Project]
	out := account.Account{
		ID: a.ID, Backend: p.Backend, Project: p.Name, Secret: account.NewSecret("none"), Place: "ai_studio",
	}
	if p.Backend == "vertex" {
		out.Place = "vertex/global"
	}
	if s.Limits == Known {
		out.Rates = state.Rates{Requests: p.Limits.RPM, Tokens: p.Limits.TPM, Day: p.Limits.RPD}
	}
	return out
}

// Close implements [Policy].
func (h *heald) Close() {
	h.accounts.Close()
	_ = h.store.Close() // nothing of it is kept
}

// Acquire implements [Policy].
func (h *heald) Acquire(ctx context.Context, r *Request, tried []int) (Lease, error) {
	t := h.s.Tenants[r.Tenant]
	session := "request " + strconv.Itoa(r.ID)
	if r.Conversation >= 0 {
		session = strconv.Itoa(r.Conversation)
	}
	deadline, _ := ctx.Deadline() // when the client leaves; Envoy tells it to heald
	want := account.Want{
		Tenant: t.Name, Weight: t.Weight, MaxWaiting: t.MaxWaiting, Session: account.SessionKey(t.Name, session),
		Tokens: h.estimate(r), Cached: float64(r.Prefix) / float64(r.Input), Retry: len(tried) > 0, MaxWait: maxWait, Deadline: deadline,
		Request: account.RequestSum(r.ID + 1),
	}
	if len(tried) > 0 {
		want.Avoid = func(id, _ string) account.Avoidance {
			if slices.Contains(tried, h.index[id]) {
				return account.Tried
			}
			return account.Fresh
		}
	}
	l, err := h.accounts.Acquire(ctx, h.plans[r.Model], want)
	if err != nil {
		if u := (*account.Unavailable)(nil); errors.As(err, &u) {
			return nil, &Refused{u.RetryAfter}
		}
		return nil, err
	}
	return &healdLease{h, l, h.index[l.Account().ID], r}, nil
}

// bytesPerToken makes text of a guess in tokens, of which heald guesses again.
const bytesPerToken = 4

// estimate corrects the guess by what earlier requests really had.
func (h *heald) estimate(r *Request) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.estimator.Room(h.s.Tenants[r.Tenant].Name, h.s.Models[r.Model], bytesPerToken*r.Estimate, 0)
}

// learn notes how many tokens a request really has.
func (h *heald) learn(r *Request, tokens int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.estimator.Note(h.s.Tenants[r.Tenant].Name, h.s.Models[r.Model], bytesPerToken*r.Estimate, 0, tokens)
}

type healdLease struct {
	h       *heald
	lease   account.Lease
	account int
	r       *Request
}

// Account implements [Lease].
func (l *healdLease) Account() int { return l.account }

// Note implements [Lease].
func (l *healdLease) Note(reply Reply) {
	if !reply.Canceled {
		l.lease.Note(effects(reply))
	}
	if reply.Prompt > 0 {
		l.h.learn(l.r, reply.Prompt)
		l.lease.Correct(account.Correction{Tokens: reply.Prompt})
	}
}

// Done implements [Lease].
func (l *healdLease) Done(reply Reply) {
	out := account.Outcome{Result: account.Failed, Sent: true, Content: reply.Content}
	switch {
	case reply.Canceled:
		out.Result, out.Tokens = account.Neutral, -1
	case reply.Status == 200:
		out.Result, out.Tokens, out.Service = account.Succeeded, l.r.Input, l.r.Service()
	case reply.Billed:
		out.Tokens = -1 // it was admitted, and its size is unknown
	}
	l.lease.Done(out)
}

// rateLimited are the cooldowns after a 429 that states no delay; those of heald's
// verdict table.
var rateLimited = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}

// effects are what heald's verdict table makes of a reply.
func effects(reply Reply) account.Effects {
	cooling := account.Cooldown{Scope: account.OfGroup, OfModel: true, Cause: "rate_limit", Kind: account.RateLimit, For: rateLimited}
	if reply.After > 0 {
		cooling.For = []time.Duration{reply.After}
	}
	switch {
	case reply.Status == 200:
		return account.Effects{Answered: true}
	case reply.Status != 429:
		return account.Effects{Failed: "outage", Doubtful: true}
	case reply.Limit == "shared":
		return account.Effects{NoCapacity: true}
	case reply.Value == 0:
		return account.Effects{Limited: true, Cooldowns: []account.Cooldown{cooling}}
	}
	quota := account.Quota{Value: strconv.FormatInt(reply.Value, 10)}
	switch reply.Limit {
	case "rpm":
		quota.ID = "GenerateRequestsPerMinutePerProjectPerModel"
	case "tpm":
		quota.ID = "GenerateContentInputTokensPerModelPerMinute"
	case "rpd":
		quota.ID = "GenerateRequestsPerDayPerProjectPerModel"
		now := time.Now()
		cooling = account.Cooldown{
			Scope: account.OfGroup, OfModel: true, Cause: "quota", Kind: account.QuotaSpent, Probes: true, Stated: reply.After,
			For: []time.Duration{account.DayEnds(now).Sub(now)},
		}
	}
	return account.Effects{Limits: []account.Quota{quota}, Cooldowns: []account.Cooldown{cooling}}
}
