package fakegemini

import (
	"strconv"
	"sync"
	"time"
)

// Quota is what keys that belong together, as those of one project do, are
// granted. Limits of rates are for each model. 0 is no limit.
type Quota struct {
	// Keys are those that share the quota.
	Keys []string
	// Slots are the requests of one key that may run at the same time.
	Slots int
	// Requests and Tokens are for any 60 seconds, tokens those of the prompt.
	Requests, Tokens int
	// Day is the requests for as long as the fake lives.
	Day int
	// Hidden leaves the limit out of refusals, as some of Google's do.
	Hidden bool
}

// QuotaUse is the use of one quota.
type QuotaUse struct {
	// Granted and Refused count requests.
	Granted, Refused int
	// Most are the most that were under way at once with one key, those that
	// were refused for it included.
	Most int
	// Left are those under way.
	Left int
}

// minute is the window of rates.
const minute = time.Minute

// quotas enforces Options.Quotas.
type quotas struct {
	mu    sync.Mutex
	all   []*quotaState
	byKey map[string]*quotaState
}

type quotaState struct {
	Quota
	use    QuotaUse
	active map[string]int     // by key
	models map[string]*window // by model
}

// window holds the requests granted for one model, the oldest first.
type window struct {
	grants []grant // of the last minute
	tokens int     // in all of them
	day    int
}

type grant struct {
	at     time.Time
	tokens int
}

func newQuotas(list []Quota) *quotas {
	q := &quotas{byKey: map[string]*quotaState{}}
	for _, quota := range list {
		s := &quotaState{Quota: quota, active: map[string]int{}, models: map[string]*window{}}
		q.all = append(q.all, s)
		for _, k := range quota.Keys {
			q.byKey[k] = s
		}
	}
	return q
}

// take grants a request, and says how it is given back; or refuses it.
func (q *quotas) take(key, model string, tokens int, now time.Time) (release func(), refusal *apiError) {
	s := q.byKey[key]
	if s == nil {
		return func() {}, nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s.use.Most = max(s.use.Most, s.active[key]+1)
	if id, limit := s.exceeds(key, s.window(model, now), tokens); id != "" {
		s.use.Refused++
		return nil, s.refusal(id, limit, model)
	}
	w := s.models[model]
	w.grants, w.tokens, w.day = append(w.grants, grant{now, tokens}), w.tokens+tokens, w.day+1
	s.use.Granted++
	s.use.Left++
	s.active[key]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		s.active[key]--
		s.use.Left--
	}, nil
}

// window is a model's, without what is older than a minute.
func (s *quotaState) window(model string, now time.Time) *window {
	w := s.models[model]
	if w == nil {
		w = &window{}
		s.models[model] = w
	}
	for len(w.grants) > 0 && now.Sub(w.grants[0].at) >= minute {
		w.tokens -= w.grants[0].tokens
		w.grants = w.grants[1:]
	}
	return w
}

// Names of limits, as Google's violations have them.
const (
	quotaRequests = "GenerateRequestsPerMinutePerProjectPerModel"
	quotaTokens   = "GenerateContentInputTokensPerModelPerMinute"
	quotaDay      = "GenerateRequestsPerDayPerProjectPerModel"
	quotaSlots    = "ConcurrentRequests" // has no name at Google
)

// exceeds names the limit that one more request would exceed; "" for none.
func (s *quotaState) exceeds(key string, w *window, tokens int) (id string, limit int) {
	over := func(limit, use int) bool { return limit > 0 && use > limit }
	switch {
	case over(s.Slots, s.active[key]+1):
		return quotaSlots, s.Slots
	case over(s.Day, w.day+1):
		return quotaDay, s.Day
	case over(s.Requests, len(w.grants)+1):
		return quotaRequests, s.Requests
	case over(s.Tokens, w.tokens+tokens):
		return quotaTokens, s.Tokens
	}
	return "", 0
}

func (s *quotaState) refusal(id string, limit int, model string) *apiError {
	if s.Hidden || id == quotaSlots {
		e := newError(429, "")
		return &e
	}
	metric := "generate_content_requests"
	if id == quotaTokens {
		metric = "generate_content_input_token_count"
	}
	metric = "generativelanguage.googleapis.com/" + metric
	e := newError(429, "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: "+
		metric+", limit: "+strconv.Itoa(limit)+", model: "+model,
		quotaFailure{rpcType + "QuotaFailure", []quotaViolation{{
			QuotaMetric: metric, QuotaID: id, QuotaValue: strconv.Itoa(limit),
			QuotaDimensions: map[string]string{"location": "global", "model": model},
		}}})
	return &e
}

// QuotaUse returns the use of each of Options.Quotas, in their order.
func (s *Server) QuotaUse() []QuotaUse {
	s.quotas.mu.Lock()
	defer s.quotas.mu.Unlock()
	out := make([]QuotaUse, len(s.quotas.all))
	for i, q := range s.quotas.all {
		out[i] = q.use
	}
	return out
}
