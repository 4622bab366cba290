package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

func TestCountTokens(t *testing.T) {
	const counted = `{"totalTokens": 42, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 42}]}`
	for _, c := range []struct {
		name   string
		status int
		body   string
		reply  string
		reason string
	}{
		{"counted", 200, counted, `{"input_tokens":42}`, heal.ReasonOK},
		{"over quota", 429, minute, `{"input_tokens":`, heal.ReasonTokenEstimate},
		{"key refused", 403, forbidden, `{"input_tokens":`, heal.ReasonTokenEstimate},
		{"overloaded", 503, overload, `{"input_tokens":`, heal.ReasonTokenEstimate},
		{"not a count", 200, "<html>", `{"input_tokens":`, heal.ReasonTokenEstimate},
		{"nothing", 200, "", `{"input_tokens":`, heal.ReasonTokenEstimate},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newRig(t, func(cfg *Config) { cfg.Accounts, cfg.Backends = cfg.Accounts[:1], cfg.Backends[:1] }).begin(1, "")
			a.in.Path = "/v1/messages/count_tokens?beta=true"
			f := send(t, a, askWhole)
			if f.Path != "/v1beta/models/gemini-3.5-flash:countTokens" {
				t.Errorf("path %s", f.Path)
			}
			act := answerWith(a, c.status, c.body)
			if act.Step != policies.Answer || act.Reply.Status != 200 || act.Reply.Verdict != policies.Pass ||
				act.Reply.Reason != c.reason || !strings.HasPrefix(string(act.Reply.Body), c.reply) {
				t.Errorf("got %+v %s", act.Reply, act.Reply.Body)
			}
			if said := act.Reply.Headers.Get("x-heald-local") != ""; said != (c.reason != heal.ReasonOK) {
				t.Errorf("x-heald-local: %q", act.Reply.Headers.Get("x-heald-local"))
			}
		})
	}
}

// One bad account must not turn all counts into guesses; nothing is waited for.
func TestCountTokensElsewhere(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		next   []string // accounts asked after the first
	}{
		{"key refused", 403, forbidden, []string{"a-2", "b-1"}},
		{"over quota", 429, minute, []string{"a-2", "b-1"}},
		{"no such model", 404, noModel, []string{"b-1"}},
		{"overloaded", 503, overload, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, memory := newRig(t, nil), ""
			for n, account := range append([]string{"a-1"}, c.next...) {
				a := r.begin(n+1, memory)
				a.in.Path = "/v1/messages/count_tokens"
				send(t, a, askWhole)
				if a.account.ID != account {
					t.Fatalf("attempt %d asks %s, want %s", n+1, a.account.ID, account)
				}
				reply := answerWith(a, c.status, c.body).Reply
				if last := n == len(c.next); last != (reply.Reason == heal.ReasonTokenEstimate) || reply.Wait != 0 {
					t.Fatalf("attempt %d: %+v", n+1, reply)
				}
				memory = reply.Memory
			}
		})
	}
}

// Silence must not keep a client that only wants a number.
func TestCountTokensIsNotWaitedForLong(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	a.in.Path = "/v1/messages/count_tokens"
	send(t, a, askWhole)
	if act := a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonTokenEstimate {
		t.Errorf("got %+v", act)
	}
}
