package exchange

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// corrections keeps the corrections of an attempt.
type corrections struct {
	account.Lease
	all []account.Correction
}

func (l *corrections) Correct(c account.Correction) {
	l.all = append(l.all, c)
	l.Lease.Correct(c)
}

// counts is a piece of an answer with a prompt's tokens, and a word.
const counts = `data: {"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":300,"cachedContentTokenCount":100,"totalTokenCount":300}}` + "\n\n"

// uncounted is one without counts.
const uncounted = `data: {"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"}}]}` + "\n\n"

// In each dialect, whether it streams or not, what is reserved for a prompt becomes
// what upstream has counted as soon as it says so, once; what is reserved for the
// output stays until the end. The next estimate knows it, too.
func TestPromptIsCorrected(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for i, api := range bodies {
			name, path, body := api.name, api.path, strings.NewReplacer("%s", "gemini-3.5-flash", `hi"`, strings.Repeat("word ", 800)+`"`, `"max_tokens":9`, `"max_tokens":400`).Replace(api.body)
			if stream {
				name += " stream"
				path = strings.Replace(path, ":generateContent", ":streamGenerateContent?alt=sse", 1)
				if bodies[i].name != "gemini" {
					body = strings.Replace(body, "{", `{"stream":true,`, 1)
				}
			}
			t.Run(name, func(t *testing.T) {
				r, store := budgeted(t, tenant.Limits{"requests/day": 1e6, "tokens/day": 1e9, "money/day": 1000})
				a := r.headOnly("POST", strings.ReplaceAll(path, "%s", "gemini-3.5-flash"), "x-api-key", keyOfA)
				send(t, a, body)
				to := &corrections{Lease: a.lease}
				a.lease = to
				has := func(when string, want []int64) {
					t.Helper()
					got, err := store.(state.Used).Used(t.Context(), []*state.TenantWant{a.reserved})
					if err != nil {
						t.Fatal(err)
					}
					for i := range want {
						if got[0][i] != want[i] {
							t.Errorf("%s: %d of %s, want %d", when, got[0][i], a.reserved.Budgets[i].Name, want[i])
						}
					}
				}
				// The price list's cost of what is still to be reserved.
				need := func(u record.Usage) []int64 {
					cost := (*r.prices.Cost("gemini-3.5-flash", "", time.Now(), &u).Nano + 999) / 1000
					return []int64{1, u.Input + u.Output, cost}
				}
				output := int64(4096)
				if a.size.most > 0 {
					output = a.size.most
				}
				has("reserved", need(record.Usage{Input: (int64(len(body)) + 3) / 4, Output: output}))
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				a.ResponseBody([]byte(uncounted), false)
				if len(to.all) > 0 {
					t.Fatalf("corrected to %+v, which nobody has counted", to.all)
				}
				for range 2 {
					a.ResponseBody([]byte(counts), false)
				}
				if len(to.all) != 1 || to.all[0].Tokens != 300 {
					t.Fatalf("corrected %+v, want 300 tokens once", to.all)
				}
				has("counted", need(record.Usage{Input: 300, Cached: 100, Output: output}))
				if got := a.expected(a.model).Input; got >= int64(len(body))/4 {
					t.Errorf("%d tokens are expected of the next one like it", got)
				}
				before := a.room(a.model)
				a.ResponseBody([]byte(used(310, 20)), true)
				a.Close(policies.EndComplete)
				has("at the end", need(record.Usage{Input: 310, Output: 20}))
				if got := a.room(a.model); got != before {
					t.Errorf("one request has taught twice: %d, then %d tokens", before, got)
				}
			})
		}
	}
}

// What a prompt has before upstream's tools have read for it is not all of it: there
// the end tells, and teaches.
func TestPromptOfToolsIsNotCorrected(t *testing.T) {
	r, _ := budgeted(t, tenant.Limits{"tokens/day": 1e9})
	a := r.headOnly("POST", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "x-api-key", keyOfA)
	send(t, a, `{"tools":[{"googleSearch":{}}],"contents":[{"role":"user","parts":[{"text":"`+strings.Repeat("word ", 800)+`"}]}]}`)
	if !a.tools {
		t.Fatal("no tools")
	}
	to := &corrections{Lease: a.lease}
	a.lease = to
	before := a.room(a.model)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(counts), false)
	if len(to.all) > 0 || a.room(a.model) != before {
		t.Errorf("corrected %+v", to.all)
	}
	a.ResponseBody([]byte(used(5000, 20)), true)
	a.Close(policies.EndComplete)
	if a.room(a.model) <= before {
		t.Error("the end has taught nothing")
	}
}

// An answer that is finished when its prompt is counted costs the store nothing but
// its end, which teaches as well.
func TestFinishedAnswerIsNotCorrected(t *testing.T) {
	r, _ := budgeted(t, tenant.Limits{"tokens/day": 1e9})
	a := r.headOnly("POST", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "x-api-key", keyOfA)
	send(t, a, `{"contents":[{"role":"user","parts":[{"text":"`+strings.Repeat("word ", 800)+`"}]}]}`)
	to := &corrections{Lease: a.lease}
	a.lease = to
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(used(300, 20)), true)
	a.Close(policies.EndComplete)
	if len(to.all) > 0 {
		t.Errorf("corrected %+v", to.all)
	}
	if got := a.expected(a.model).Input; got >= 1000 {
		t.Errorf("%d tokens are expected of the next one like it", got)
	}
}

// A minute that is full of guesses has room as soon as the first prompt has been
// counted: who waits for it does not wait for the answer's end.
func TestCorrectionLetsTheNextOneGo(t *testing.T) {
	r := newRig(t, func(c *Config) {
		for i := range c.Accounts {
			c.Accounts[i].Rates.Tokens = 1500
		}
		c.Accounts, c.Backends = c.Accounts[:1], c.Backends[:1]
	})
	first := r.begin(1, "")
	send(t, first, saying(strings.Repeat("word ", 800)))
	second := r.begin(1, "", policies.HeaderSet, "queue_wait=1s")
	if reply := r.refused(t, second, saying(strings.Repeat("word ", 800))); reply.Status != 429 {
		t.Fatalf("%d %s", reply.Status, reply.Reason)
	}
	first.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	first.ResponseBody([]byte(counts), false)
	third := r.begin(1, "", policies.HeaderSet, "queue_wait=1s")
	if third.RequestHeaders() != nil {
		t.Fatal("refused")
	}
	if _, reply := third.RequestBody(context.Background(), []byte(saying(strings.Repeat("word ", 800)))); reply != nil {
		t.Errorf("%d %s: nothing was given back", reply.Status, reply.Reason)
	}
	third.Close(policies.EndCancelled)
	first.Close(policies.EndCancelled)
}
