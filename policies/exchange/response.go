package exchange

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/sse"
)

// errBodyLimit bounds an error body that is kept; Google's are below 20 KiB.
const errBodyLimit = 256 << 10

var (
	_ policies.Ender     = (*attempt)(nil)
	_ policies.Receiver  = (*attempt)(nil)
	_ policies.Collector = (*attempt)(nil)
)

var hold = policies.Action{Step: policies.Hold}

// ResponseHeaders holds every reply: the verdict needs the body.
func (a *attempt) ResponseHeaders(resp *policies.Response) policies.Action {
	a.response = *resp
	a.lastIn = time.Now()
	a.measureHeaders(resp)
	switch {
	case resp.Local():
		return a.judge(heal.Seen{Status: resp.Status, Details: resp.Details})
	case a.phase != sent:
		// Envoy answered before the body was read, and did not say why.
		return a.judge(heal.Seen{Status: resp.Status})
	case !a.readable(resp):
		if succeeded(resp.Status) {
			return a.judge(heal.Seen{Peek: heal.ReasonPeekGarbage})
		}
		return a.judge(heal.Seen{Status: resp.Status})
	case succeeded(resp.Status) && a.counts():
		a.move(counting)
	case succeeded(resp.Status) && a.embeds():
		a.move(collecting)
	case succeeded(resp.Status):
		a.answer.tier = tierOf(resp.Headers)
		a.move(peeking)
	default:
		a.move(failing)
	}
	if resp.NoBody {
		return a.ResponseBody(nil, true)
	}
	return hold
}

// succeeded reports whether the body should be an answer. That includes 201 and
// the like, which proxies make of a 200.
func succeeded(status int) bool { return status/100 == 2 }

// ResponseBody gets the next bytes of the response.
func (a *attempt) ResponseBody(chunk []byte, end bool) policies.Action {
	switch a.phase {
	case failing, counting:
		chunk, err := a.inflate(chunk, end)
		if room := errBodyLimit - len(a.errBody); room > 0 {
			a.errBody = append(a.errBody, chunk[:min(len(chunk), room)]...)
		}
		switch {
		case !end && err == nil:
			return hold
		case a.phase == counting:
			return a.counted()
		}
		return a.judgeError()
	case collecting:
		return a.collect(chunk, end)
	case peeking:
		return a.peekChunk(chunk, end)
	case passing:
		return a.pass(chunk, end)
	case resuming:
		return policies.Action{Step: policies.Hold, More: true}
	}
	return hold
}

// peekChunk translates a chunk and peeks at the reply after each frame. So the
// verdict depends on the reply's bytes alone, however they were cut into chunks.
func (a *attempt) peekChunk(chunk []byte, end bool) policies.Action {
	err := a.push(chunk, end)
	for more := true; more; {
		if more = err == nil; more {
			a.held, more, err = a.answer.next(a.held, end)
			a.noteNews()
			a.measureContent()
			a.correct()
		}
		if act, decided := a.peek(end && !more, end, err); decided {
			return act
		}
	}
	switch {
	case !a.req.Stream && a.answer.in > answerLimit:
		return policies.Action{Step: policies.Answer, Reply: a.refuse(heal.ReasonPeekTooLong, &conversation.Error{
			Kind: conversation.ErrAPI, NoRetry: true,
			Message: fmt.Sprintf("the answer is longer than %d MiB: ask for a stream", answerLimit>>20)})}
	case !a.holds(a.heldOfAnswer()):
		return policies.Action{Step: policies.Answer, Reply: a.overloaded()}
	}
	return a.readOn()
}

// pass translates a chunk after the commit.
func (a *attempt) pass(chunk []byte, end bool) policies.Action {
	// The body is sent before the next chunk comes, so its memory is reused.
	body, err := a.held[:0], a.push(chunk, end)
	if err == nil {
		body, err = a.answer.drain(body, end)
	}
	a.held = body
	return a.passOn(body, err, end)
}

// passOn sends what was translated; err is why no more of it could be.
func (a *attempt) passOn(body []byte, err error, end bool) policies.Action {
	a.noteNews()
	a.correct()
	if !end && err == nil {
		if why := a.tooLong(); why != "" {
			return a.endBroken(body, heal.ReasonStreamTooLong, tooLongError(why))
		}
	}
	switch {
	case err == nil || a.answer.finished():
	case errors.Is(err, sse.ErrTooLong):
		return a.endBroken(body, heal.ReasonStreamTooLong, tooLongError("the model backend sent a piece of the answer that is longer than the gateway takes"))
	default:
		return a.breakOff(body, heal.ReasonStreamError, brokenError("the model backend sent something that is no answer"))
	}
	if !a.holds(a.heldOfAnswer()) {
		return a.endBroken(body, heal.ReasonOverloadedLocally, overloadedError())
	}
	return a.emit(body, end || err != nil)
}

// emit sends body, and ends the answer where the upstream has ended it.
func (a *attempt) emit(body []byte, end bool) policies.Action {
	t := a.answer
	if st := t.status; st != nil {
		// Also after a finish: some models send one with every piece.
		r := a.verdictOn(&heal.Seen{Status: statusOf(st), Error: st})
		if !r.Verdict.Again() {
			return a.endBroken(body, heal.ReasonStreamError, r.Client)
		}
		return a.breakOff(body, heal.ReasonStreamError, r.Client)
	}
	end = end || t.closed
	switch {
	case end && !t.finished():
		return a.breakOff(body, heal.ReasonStreamTruncated, brokenError("the model backend ended the reply without finishing it"))
	case end && t.undone():
		return a.endBroken(body, heal.ReasonStreamUndone, brokenError(undoneMessages[t.peeked(true).Finish]))
	}
	act := policies.Action{Step: policies.Send, Body: body}
	if end {
		act.Body, act.End, act.Wake = t.finish(body), true, policies.Never
		a.move(over)
	} else if t.finished() {
		act.Wake = a.untilGrace()
	}
	if len(act.Body) > 0 {
		a.lastOut = time.Now()
	}
	return act
}

// Wake is called when a deadline has come, or when the client needs a
// keep-alive.
func (a *attempt) Wake() policies.Action {
	switch a.phase {
	case sent, counting:
		return a.notInTime()
	case failing:
		return a.judgeError()
	case collecting:
		return a.wakeCollecting()
	case peeking:
		return a.wakePeeking()
	case passing:
		return a.wakePassing()
	case resuming:
		return a.wakeResuming()
	}
	return hold
}

// wakePassing ends a stalled answer, or sends the client a keep-alive.
func (a *attempt) wakePassing() policies.Action {
	now := time.Now()
	if a.answer.finished() && now.Sub(a.lastIn) >= finishGrace {
		return a.emit(nil, true)
	}
	if why := a.tooLong(); why != "" {
		return a.endBroken(nil, heal.ReasonStreamTooLong, tooLongError(why))
	}
	silent := now.Sub(a.lastIn)
	if silent >= a.settings.IdleTimeout {
		return a.breakOff(nil, heal.ReasonStreamStalled, brokenError("the model backend stopped sending"))
	}
	act := policies.Action{Step: policies.Hold}
	if now.Sub(a.lastOut) >= a.settings.Ping && !a.answer.finished() {
		act.Step, act.Body = policies.Send, a.answer.encoder.Ping(nil)
		a.lastOut = now
	}
	act.Wake = min(a.settings.Ping-now.Sub(a.lastOut), a.settings.IdleTimeout-silent, a.untilTooLong())
	if a.answer.finished() {
		act.Wake = min(act.Wake, a.untilGrace())
	}
	return act
}

// clientReadable are the headers by which the client and the operator see what
// heald did.
func (a *attempt) clientReadable() policies.Headers {
	h := policies.Headers{
		{Name: policies.HeaderClientRequestID, Value: a.requestID()},
		{Name: policies.HeaderAttempts, Value: strconv.Itoa(a.number)},
	}
	by := a.answeredBy()
	if by.backend != nil {
		h = append(h, policies.Header{Name: policies.HeaderBackend, Value: by.backend.Name},
			policies.Header{Name: policies.HeaderModel, Value: policies.Clean(by.model)})
	}
	if by.account != nil {
		h = append(h, policies.Header{Name: policies.HeaderAccount, Value: policies.Clean(by.account.ID)})
	}
	if w := a.warning(); w != "" {
		h = append(h, policies.Header{Name: policies.HeaderWarning, Value: w})
	}
	return append(h, a.x.cfg.Browsers.corsHeaders(a.in)...)
}

// sdkRequestID is the request id where SDKs look for it: Anthropic's and
// OpenAI's. Errors have it from their dialect.
func (a *attempt) sdkRequestID() policies.Headers {
	return policies.Headers{{Name: "request-id", Value: a.requestID()}, {Name: policies.HeaderRequestID, Value: a.requestID()}}
}
