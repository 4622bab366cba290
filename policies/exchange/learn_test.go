package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
)

// penalized is a request that a model refuses which takes no penalties.
func penalized(text string, stream bool) string {
	return fmt.Sprintf(`{"model":"gemini-2.0-flash","stream":%t,"presence_penalty":0.5,"messages":[{"role":"user","content":%q}]}`, stream, text)
}

// penalty sends such a request, and reports whether the penalty went upstream.
func (r rig) penalty(t *testing.T, n int, memory, body string) (a *attempt, sent bool) {
	t.Helper()
	a = r.begin(n, memory)
	a.in.Path = "/v1/chat/completions"
	return a, bytes.Contains(send(t, a, body).Body, []byte("presencePenalty"))
}

// teachPenalty has two requests be refused and answered, and so the penalty left
// out from then on.
func (r rig) teachPenalty(t *testing.T) {
	t.Helper()
	for _, text := range []string{"one", "two"} {
		a, _ := r.penalty(t, 1, "", penalized(text, true))
		refused := answerWith(a, 400, refusal("Penalty is not enabled for models/gemini-2.0-flash")).Reply
		a, _ = r.penalty(t, 2, refused.Memory, penalized(text, true))
		answerWith(a, 200, hello+stop)
	}
	a, sent := r.penalty(t, 1, "", penalized("three", true))
	if answerWith(a, 200, hello+stop); sent {
		t.Fatal("it was not learned")
	}
}

// A model that no longer refuses something gets it again after a quarter of an
// hour, and answers in between do not put that off.
func TestLearnedRepairsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRig(t, nil).counting(t)
		r.teachPenalty(t)
		for range 14 {
			time.Sleep(time.Minute)
			a, sent := r.penalty(t, 1, "", penalized("on", true))
			if answerWith(a, 200, hello+stop); sent {
				t.Fatal("forgotten too early")
			}
		}
		time.Sleep(time.Minute)
		if _, sent := r.penalty(t, 1, "", penalized("again", true)); !sent {
			t.Error("not forgotten")
		}
		for result, want := range map[state.LearnedResult]float64{state.RepairLearned: 1, state.RepairEnded: 1, state.RepairUnlearned: 0} {
			if got := testutil.ToFloat64(r.metrics.learned.WithLabelValues("omit_penalties", string(result))); got != want {
				t.Errorf("%s: counted %v, want %v", result, got, want)
			}
		}
		for _, words := range learnedWords {
			lines := r.log.FilterMessage(words).All()
			if len(lines) == 0 {
				continue
			}
			if f := lines[0].ContextMap(); f["backend"] != "a" || f["model"] != "gemini-2.0-flash" || f["repair"] != "omit_penalties" || f["why"] == "" {
				t.Errorf("%s: %v", words, f)
			}
		}
		if n := r.log.FilterMessage(learnedWords[state.RepairEnded]).Len(); n != 1 {
			t.Errorf("%d lines tell of the end", n)
		}
	})
}

// An empty answer to a request that was sent with a learned repair ends it at once.
// One to a request that was refused without it does not, and neither does an answer
// that says why it has no text, or an error.
func TestEmptyAnswersUnlearn(t *testing.T) {
	const (
		nothing  = `data: {"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}` + "\n\n"
		thoughts = `data: {"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}]},"finishReason":"STOP"}]}` + "\n\n"
		length   = `data: {"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}]},"finishReason":"MAX_TOKENS"}]}` + "\n\n"
	)
	for _, c := range []struct {
		name      string
		stream    bool
		status    int
		reply     string
		own       bool // the request was refused without the repair
		unlearned bool
	}{
		{"a finish without content", true, 200, nothing, false, true},
		{"a finish without content, document", false, 200, nothing, false, true},
		{"nothing at all", true, 200, heartbeat, false, true},
		{"only thoughts, document", false, 200, thoughts, false, true},
		{"only thoughts, passed on", true, 200, thoughts, false, true},
		{"thoughts up to the limit", true, 200, length, false, false},
		{"an answer", true, 200, hello + stop, false, false},
		{"an error", true, 503, overload, false, false},
		{"a finish without content after a refusal", true, 200, nothing, true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := newRig(t, nil).counting(t)
			r.teachPenalty(t)
			n, memory := 1, ""
			if c.own {
				m := heal.Memory{Tenant: "default", Started: r.clock.Now(), Repairs: heal.OmitPenalties, Tries: []heal.Try{
					{Backend: "a", Account: "a-1", Model: "gemini-2.0-flash", Verdict: policies.Repair, Repair: heal.OmitPenalties}}}
				n, memory = 2, m.Seal(r.key, r.clock, "id-1")
			}
			a, _ := r.penalty(t, n, memory, penalized("four", c.stream))
			answerWith(a, c.status, c.reply)
			time.Sleep(time.Second)
			if _, sent := r.penalty(t, 1, "", penalized("five", true)); sent != c.unlearned {
				t.Errorf("%s: unlearned %t, want %t", c.name, sent, c.unlearned)
			}
			if got := testutil.ToFloat64(r.metrics.learned.WithLabelValues("omit_penalties", "unlearned")) == 1; got != c.unlearned {
				t.Errorf("%s: counted %t", c.name, got)
			}
		})
	}
}

// Schemas are unlearned by what they are, although the body is gone by then.
func TestEmptyAnswersUnlearnSchemas(t *testing.T) {
	const body = `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}}],"messages":[{"role":"user","content":"hi"}]}`
	r := newRig(t, nil)
	first := r.retry(t, 1, "", body, 400, refusal("too many states"), policies.Repair)
	for _, space := range []string{"", " "} {
		a := r.begin(2, first.Memory)
		send(t, a, body+space)
		answerWith(a, 200, hello+stop)
	}
	for _, want := range []bool{false, true} {
		a := r.begin(1, "")
		f := send(t, a, body)
		if got := strings.Contains(string(f.Body), "minimum"); got != want {
			t.Errorf("the whole schema goes upstream: %t, want %t", got, want)
		}
		answerWith(a, 200, heartbeat)
	}
}

// The gauge tells of what is learned now, by names that are configured.
func TestLearnedMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		reg := prometheus.NewRegistry()
		reg.MustRegister(NewLearnedMetrics(func() *Exchange { return r.Exchange }))
		schemas := func(n byte) func() state.SchemaSum { return func() state.SchemaSum { return state.SchemaSum{n} } }
		for n, model := range []string{"gemini-3.5-flash", "client-1", "client-2"} {
			for _, backend := range []string{"a", "of-a-route", "another"} {
				r.learned.Add(backend, model, heal.OmitIDs|heal.RelaxSchema, heal.OmitIDs|heal.RelaxSchema, 1, schemas(byte(n)))
			}
		}
		r.learned.Add("a", "gemini-3.5-flash", heal.RelaxSchema, heal.RelaxSchema, 1, schemas(9))
		const name = "heald_learned_repairs"
		want := `# HELP heald_learned_repairs Repairs that are made at once since the model has refused requests without them; of schemas, for how many.
# TYPE heald_learned_repairs gauge
`
		for _, line := range []string{
			`{backend="a",model="gemini-3.5-flash",repair="omit_ids"} 1`, `{backend="a",model="gemini-3.5-flash",repair="relax_schema"} 2`,
			`{backend="a",model="other",repair="omit_ids"} 2`, `{backend="a",model="other",repair="relax_schema"} 2`,
			`{backend="other",model="gemini-3.5-flash",repair="omit_ids"} 2`, `{backend="other",model="gemini-3.5-flash",repair="relax_schema"} 2`,
			`{backend="other",model="other",repair="omit_ids"} 4`, `{backend="other",model="other",repair="relax_schema"} 4`,
		} {
			want += name + line + "\n"
		}
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), name); err != nil {
			t.Error(err)
		}
		time.Sleep(15 * time.Minute)
		if n, err := testutil.GatherAndCount(reg, name); n > 0 || err != nil {
			t.Errorf("%d series after their end, %v", n, err)
		}
		if n, err := testutil.GatherAndCount(registryOf(NewLearnedMetrics(func() *Exchange { return nil })), name); n > 0 || err != nil {
			t.Errorf("%d series without an exchange, %v", n, err)
		}
	})
}

func registryOf(c prometheus.Collector) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	return reg
}
