package exchange

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	unreached = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
	atA1      = "a key-a-1"
	atA2      = "a key-a-2"
	atB1      = "b Bearer token-b-1"
)

// A request for the rest that fails is sent again: to whom the rules for
// attempts say, and in another form where the form is refused.
func TestRestIsAskedForAgain(t *testing.T) {
	bad := restRefusal{status: 400, body: badForm}
	for _, c := range []struct {
		name   string
		refuse []restRefusal
		places []string
		last   string // in the request that is answered
		never  string // not in it
	}{
		{"the form is refused", []restRefusal{bad}, []string{atA1, atA1}, `\u003canswer\u003e` + beginning, `"role":"model"`},
		{"two forms are refused", []restRefusal{bad, bad}, []string{atA1, atA1, atA1}, `"text":"hi"`, "last-words"},
		{"rate limit", []restRefusal{{status: 429, body: minute}}, []string{atA1, atA2}, `"role":"model"`, ""},
		{"credential", []restRefusal{{status: 403, body: forbidden}}, []string{atA1, atA2}, `"role":"model"`, ""},
		{"overloaded", []restRefusal{{status: 503, body: overload}}, []string{atA1, atA1}, `"role":"model"`, ""},
		{"nobody there", []restRefusal{{status: 503, body: unreached}}, []string{atA1, atB1}, `"role":"model"`, ""},
		{"nobody there, then a rate limit", []restRefusal{{status: 503, body: unreached}, {status: 429, body: minute}}, []string{atA1, atB1, atB1}, `"role":"model"`, ""},
		{"no route to it", []restRefusal{{status: 404}}, []string{atA1, atB1}, `"role":"model"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
				b.refuse = c.refuse
				b.upstream("", true)
				b.eachRest(func(b *broken) {
					b.rest(saidFrame(beginning+"wn.", 3), stop)
					b.restEnds()
				})
				b.want(beginning+"wn.", "message_stop", heal.ReasonStreamTruncated, heal.ReasonResumed, "")
				if got := strings.Join(b.places, ", "); got != strings.Join(c.places, ", ") {
					t.Errorf("asked %s, want %s", got, c.places)
				}
				if !strings.Contains(strings.ReplaceAll(b.asked, "<answer>", `\u003canswer\u003e`), c.last) || c.never != "" && strings.Contains(b.asked, c.never) {
					t.Errorf("the last request has no %s, or a %s:\n%s", c.last, c.never, b.asked)
				}
			})
		})
	}
}

// An error event says whom to ask, as the status would.
func TestRestAfterARateLimitIsAskedOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.upstream("data: "+minute+"\r\n\r\n", true)
		b.rest(saidFrame(beginning+"wn.", 3), stop)
		b.restEnds()
		b.want(beginning+"wn.", "message_stop", heal.ReasonStreamError, heal.ReasonResumed, "")
		if len(b.places) != 1 || b.places[0] != atA2 {
			t.Errorf("asked %s", b.places)
		}
	})
}

// A rest that breaks off as well is gone on with from where it ended, and every
// reply is billed.
func TestRestBreaksOffAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.upstream("", true)
		texts := []string{beginning + "wn", beginning + "wn west", beginning + "wn west."}
		b.eachRest(func(b *broken) {
			text := texts[b.calls-1]
			if b.calls == len(texts) {
				b.rest(saidFrame(text, 11), stop)
			} else {
				b.rest(saidFrame(text, 11))
			}
			b.restEnds()
		})
		b.want(beginning+"wn west.", "message_stop", heal.ReasonStreamTruncated, heal.ReasonResumed, "")
		// 50 and 9 of the first, 50 and 11 of two more, and what stop says of the last.
		if body := b.body.String(); !strings.Contains(body, `"input_tokens":153`) || !strings.Contains(body, `"output_tokens":32`) {
			t.Errorf("usage is not the sum of all:\n%s", body)
		}
		// The second rest is the whole answer so far again: its 11 of 100 are used up.
		if !strings.Contains(b.asked, `"maxOutputTokens":89`) || !strings.Contains(b.asked, beginning+"wn west") {
			t.Errorf("the last request:\n%s", b.asked)
		}
		if n := b.counter("heald_tokens_total", "output"); n != 32 {
			t.Errorf("%v output tokens were counted", n)
		}
	})
}

// What a reply has cost of which nothing could be used is told too, but is not
// taken from the tokens that the answer may have.
func TestUselessRestIsBilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.upstream("", true)
		b.eachRest(func(b *broken) { b.rest(saidFrame("Sorry!", 20)) })
		b.want(beginning, "event: error", heal.ReasonStreamTruncated, heal.ReasonResumeFailed, "last words")
		ended := b.rig.log.FilterMessage("request finished").All()[0]
		line, usage := ended.ContextMap(), usageIn(ended)
		if usage["input"] != int64(200) || usage["output"] != int64(69) || resumeIn(line)["requests"] != int64(3) {
			t.Errorf("log line %v", line)
		}
		if n := b.counter("heald_tokens_total", "input"); n != 200 {
			t.Errorf("%v input tokens were counted", n)
		}
	})
}

// Without the listener there is nobody else to ask.
func TestNoListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.refuse = []restRefusal{{err: errors.New("connect: no such file or directory")}}
		b.upstream("", true)
		b.want(beginning, "event: error", heal.ReasonStreamTruncated, heal.ReasonResumeFailed, "resume_via")
		if b.calls != 1 {
			t.Errorf("%d calls", b.calls)
		}
	})
}

// A wait that ends after the request's deadline is not begun.
func TestRestKeepsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet+",deadline=2500ms", saidFrame(beginning, 9))
		b.pass(2 * time.Second)
		b.refuse = []restRefusal{{status: 503, body: overload}} // asks for a second
		b.upstream("", true)
		b.want(beginning, "event: error", heal.ReasonStreamTruncated, heal.ReasonResumeFailed, "status 503")
		if b.calls != 1 {
			t.Errorf("%d calls", b.calls)
		}
	})
}

// While it waits before it asks again, the client hears of it.
func TestWaitingForTheRestKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, "resume=text,idle_timeout=20s,ping=300ms,peek.timeout=10s", saidFrame(beginning, 9))
		b.refuse = []restRefusal{{status: 503, body: overload}}
		b.upstream("", true)
		synctest.Wait()
		before := strings.Count(b.body.String(), "event: ping")
		b.pass(700 * time.Millisecond)
		if n := strings.Count(b.body.String(), "event: ping") - before; n != 2 || b.calls != 1 {
			t.Errorf("%d keep-alives in 700ms, %d calls", n, b.calls)
		}
		b.attempt.Close(policies.EndCancelled)
	})
}

// A text without an end of its own is asked for whole.
func TestRestOfARepetition(t *testing.T) {
	const ha = "ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha "
	said := strings.Repeat(ha, 30)
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(said, 9))
		b.upstream("", true)
		b.rest(saidFrame(said[:100], 1), saidFrame(said[100:]+"hm.", 12), stop)
		b.restEnds()
		b.want(said+"hm.", "message_stop", heal.ReasonStreamTruncated, heal.ReasonResumed, "")
		if strings.Contains(b.asked, "last-words") {
			t.Errorf("asked %s", b.asked)
		}
	})
}

// What is no answer in the midst of a stream breaks it off: what came before
// counts, and what comes after does not.
func TestGarbledChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning[:20], 4))
		b.upstream(saidFrame(beginning[20:], 9)+"data: {\"candidates\": [{\"con\x00\x00\r\n\r\n"+saidFrame("lost", 10), false)
		b.upstream(saidFrame("lost, too", 11), false)
		b.rest(saidFrame(beginning+"wn.", 12), stop)
		b.restEnds()
		b.want(beginning+"wn.", "message_stop", heal.ReasonStreamError, heal.ReasonResumed, "")
	})
}

// The signatures of the history go to the kind of backend that they came from,
// and to no other, wherever the rest is asked for.
func TestRestHasTheSignaturesOfItsBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := rememberers["claude"]
		a := newRig(t, nil).begin(1, "")
		send(t, a, d.first)
		reply := d.reply(t, answerWith(a, 200, thinkingReply).Body)
		talk := d.first[:len(d.first)-2] + strings.Replace(d.history, "$reply", reply, 1)
		three := newRig(t, func(c *Config) {
			c.Backends = append(c.Backends, route.Backend{Name: "c", Kind: route.AIStudio})
			c.Accounts = append(c.Accounts, account.Account{ID: "c-1", Backend: "c", Secret: account.NewSecret("key-c-1")})
		})
		b := breakingIn(t, three, "/v1/messages", strings.Replace(talk, "{", `{"stream":true,`, 1), resumeSet, saidFrame(beginning, 9))
		b.refuse = []restRefusal{{status: 503, body: unreached}, {status: 503, body: unreached}}
		b.upstream("", true)
		b.eachRest(func(b *broken) {
			b.rest(saidFrame(beginning+"wn.", 3), stop)
			b.restEnds()
		})
		if got := strings.Join(b.places, ", "); got != atA1+", "+atB1+", c key-c-1" {
			t.Fatalf("asked %s", got)
		}
		for i, asked := range b.asks {
			if strings.Contains(asked, callSig) != (b.places[i] != atB1) {
				t.Errorf("at %s:\n%s", b.places[i], asked)
			}
		}
	})
}

// The only account says when it may be asked again, with the error that breaks
// the answer off. It is not asked before.
func TestRestWaitsAsLongAsTheErrorEventSays(t *testing.T) {
	for name, body := range map[string]string{"stream": ask, "document": askWhole} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
				b := breakingIn(t, r, "/v1/messages", body, resumeSet, saidFrame(long, 9))
				b.upstream("data: "+tenSeconds+"\r\n\r\n", true)
				b.pass(9 * time.Second)
				if b.calls != 0 {
					t.Error("the rest was asked for within the 10s")
				}
				b.pass(2 * time.Second)
				b.rest(saidFrame(tail+"nd.", 3), stop)
				b.restEnds()
				if b.calls != 1 || !b.ended || b.refused != nil {
					t.Errorf("%d calls, ended %t, refused %+v", b.calls, b.ended, b.refused)
				}
			})
		})
	}
}

// A delay that ends after the request's deadline is not begun, and ends the
// answer without a request that would be refused.
func TestRestIsNotAskedForAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
		b := breakingIn(t, r, "/v1/messages", ask, resumeSet+",deadline=9s", saidFrame(beginning, 9))
		b.upstream("data: "+tenSeconds+"\r\n\r\n", true)
		synctest.Wait()
		if b.calls != 0 || !b.ended || !strings.Contains(b.body.String(), "event: error") {
			t.Errorf("%d calls, ended %t:\n%s", b.calls, b.ended, b.body.String())
		}
	})
}
