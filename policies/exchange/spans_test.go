package exchange

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
)

// The request's span is below the outer listener's, and the attempt's has the id
// that the inner listener gave it; what does not fit is not believed.
func TestSpansBelongToEnvoys(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	const outer = "00-" + trace + "-b7ad6b7169203331-01"
	const inner = "00-" + trace + "-1796023144352416-01"
	for name, c := range map[string]struct {
		headers            []string
		trace, parent, own string
		state              string
	}{
		"nothing":                   {nil, "", "", "", ""},
		"Envoy alone":               {[]string{"traceparent", outer, "tracestate", "a=b"}, trace, "b7ad6b7169203331", "", "a=b"},
		"both listeners":            {[]string{"traceparent", inner, "tracestate", "a=b", policies.HeaderTraceparent, outer}, trace, "b7ad6b7169203331", "1796023144352416", "a=b"},
		"two traces":                {[]string{"traceparent", inner, policies.HeaderTraceparent, strings.Replace(outer, trace, strings.Repeat("1", 32), 1)}, trace, "1796023144352416", "", ""},
		"no traceparent":            {[]string{policies.HeaderTraceparent, outer, "tracestate", "a=b"}, "", "", "", ""},
		"nonsense":                  {[]string{"traceparent", inner, policies.HeaderTraceparent, "x"}, trace, "1796023144352416", "", ""},
		"a tracestate that is long": {[]string{"traceparent", outer, "tracestate", "a=" + strings.Repeat("b", 511)}, trace, "b7ad6b7169203331", "", ""},
	} {
		r, to := newRecorded(t, nil)
		a := r.begin(1, "", c.headers...)
		if name == "both listeners" {
			a.in.Headers = append(a.in.Headers, policies.Header{Name: "tracestate", Value: "c=d"})
			c.state = "a=b,c=d"
		}
		send(t, a, ask)
		answerWith(a, 200, hello+stop)
		got, q := to.last(), to.request()
		if got.TraceID != c.trace || got.ParentSpan != c.parent || got.Span.ID != c.own || got.TraceState != c.state || got.Sampled != (c.trace != "") {
			t.Errorf("%s: %+v, %+v", name, got.Origin, got.Span)
		}
		if q.TraceID != c.trace || q.ParentSpan != c.parent || q.TraceState != c.state {
			t.Errorf("%s: the request: %+v", name, q.Origin)
		}
	}
}

// When things happened, and where the attempt before went.
func TestMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := newRecorded(t, nil)
		a := r.begin(1, "")
		time.Sleep(time.Second)
		send(t, a, ask)
		time.Sleep(2 * time.Second)
		act := answerWith(a, 503, overload)
		got := to.last().Span
		if want := (record.Span{Sent: record.Duration(time.Second), Decided: record.Duration(3 * time.Second)}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		first := to.attempts[0].Place()
		time.Sleep(a.record.wait)
		b := r.begin(2, act.Reply.Memory)
		send(t, b, ask)
		time.Sleep(time.Second)
		answerWith(b, 200, hello+stop)
		got = to.last().Span
		want := record.Span{Sent: 1, Decided: record.Duration(time.Second), Before: first, Because: to.attempts[0].Reason}
		if got.Sent > record.Duration(time.Second) || got.Decided-got.Sent > want.Decided {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got.Before != first || first.Account != "a-1" || got.Because == "" || got.Because != want.Because {
			t.Errorf("after %+v: got %+v", first, got)
		}
	})
}

// A repair is told of where it was asked for.
func TestRepairIsToldOf(t *testing.T) {
	r, to := newRecorded(t, nil)
	a := r.begin(1, "")
	a.in.Path = "/v1beta/models/gemini-3.5-flash:streamGenerateContent"
	send(t, a, `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"x","thoughtSignature":"AAAA"}]},{"role":"user","parts":[{"text":"go on"}]}]}`)
	if act := answerWith(a, 400, corrupted); act.Reply.Verdict != policies.Repair || to.last().Span.Repair == "" {
		t.Errorf("%v, %+v", act.Reply.Verdict, to.last().Span)
	}
	if answered := r.begin(1, ""); send(t, answered, ask) == nil || answerWith(answered, 200, hello+stop).Reply != nil || to.last().Span.Repair != "" {
		t.Errorf("%+v", to.last().Span)
	}
}

// A second sending is told of at its time.
func TestHedgeIsToldOf(t *testing.T) {
	r, _ := hedger(t, "1s")
	to := &told{}
	r.recorder, r.prices = to, price.New(price.Config{})
	a := r.begin(1, "")
	send(t, a, ask)
	a.begunAt, a.sentAt = a.begunAt.Add(-3*time.Second), a.sentAt.Add(-3*time.Second)
	answerWith(a, 200, hello+stop, "x-heald-hedged", "1012")
	got := to.last().Span
	if after := got.Hedged - got.Sent; after != record.Duration(time.Second) {
		t.Errorf("sent again %v after the first time, %+v", time.Duration(after), got)
	}
	if got.Decided < got.Hedged {
		t.Errorf("%+v", got)
	}
}

// So is an answer whose rest was fetched.
func TestResumeIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := newRecorded(t, func(c *Config) { c.Policies = map[string]route.Settings{route.DefaultPolicy: {}} })
		b := breakingIn(t, r, "/v1/messages", ask, resumeSet, saidFrame(beginning, 10))
		b.pass(2 * time.Second)
		b.upstream("", true)
		synctest.Wait()
		b.pass(time.Second)
		b.rest(saidFrame("Rotterdam has the largest harbor of Europe, and has grown.", 20) + stop)
		b.restEnds()
		got := to.last().Span
		if got.Rest == nil || got.Rest.Result != heal.ReasonResumed || got.Rest.Requests != 1 || got.Rest.Cause != heal.ReasonStreamTruncated ||
			got.Broke != record.Duration(2*time.Second) || got.Rested != record.Duration(3*time.Second) {
			t.Errorf("%+v, %+v", got, got.Rest)
		}
	})
}
