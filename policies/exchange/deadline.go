package exchange

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// worthwhile is the least of the request's time that an attempt needs: with less
// no provider answers, but it may bill the prompt. Of a short deadline it is
// 1/worthwhileShare.
const (
	worthwhile      = 100 * time.Millisecond
	worthwhileShare = 10
)

// leastTime is how much of the request's time must be left for an attempt to
// begin.
func (a *attempt) leastTime() time.Duration {
	return min(worthwhile, a.settings.Deadline/worthwhileShare)
}

// checkDeadline refuses a request whose time is over, or too short for an attempt.
func (a *attempt) checkDeadline() *policies.Reply {
	if a.untilDeadline() >= a.leastTime() {
		return nil
	}
	return a.refuseLate("the request's deadline has passed")
}

// notInTime ends an attempt that was not answered in time. What the request's own
// deadline cuts off says nothing of the backend, and a token count is estimated.
func (a *attempt) notInTime() policies.Action {
	if a.untilDeadline() > 0 || a.counts() {
		return a.judge(heal.Seen{Peek: heal.ReasonPeekTimeout})
	}
	a.lease.Note(account.Effects{Probe: account.ProbeOpen})
	return policies.Action{Step: policies.Answer, Reply: a.refuseLate("the request's deadline has passed before the model backend's answer was there")}
}

// refuseLate refuses a request whose time is over.
func (a *attempt) refuseLate(why string) *policies.Reply {
	last := a.finalError(conversation.Error{Kind: conversation.ErrTimeout, Message: why})
	return a.refuse(heal.ReasonDeadline, &last)
}
