package exchange

import (
	"cmp"
	"errors"
	"strconv"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/tenant"
)

// lostAttempts are forgiven: attempts that Envoy retried by itself, because the
// replica died or upstream reset a held reply, leave no memory. The second one
// is final: a request that kills what reads it must not go from replica to
// replica. heald has the last word, in the client's dialect, which is why
// Envoy should retry once more than there are attempts.
const lostAttempts = 1

// attemptsUsed is the attempt's number without the forgiven ones.
func (a *attempt) attemptsUsed() int { return max(a.number-a.memory.Forgiven(), 1) }

// mostAttempts bounds the attempt count; a larger one is not believed.
const mostAttempts = 1000

// readMemory reads Envoy's attempt count, and the memory of earlier attempts
// where a header carries it. A memory that cannot be read is ignored: Envoy's
// attempt count still bounds the request.
func (a *attempt) readMemory() {
	if a.x.cfg.OneHop {
		return // there is no attempt before, whatever a client claims
	}
	if n, err := strconv.Atoi(a.in.Headers.Get(policies.HeaderAttemptCount)); err == nil && n > 0 && n < mostAttempts {
		a.number, a.numbered = n, true
	}
	if !a.numbered {
		a.noCount()
	}
	a.unknown = a.without(0)
	if a.settings.StoresMemory() {
		return // recallStored does it, once the body is known
	}
	sealed := a.in.Headers.Get(policies.HeaderMemory)
	if sealed == "" {
		a.missing()
		a.lost = a.unknown
		return
	}
	if m := a.openMemory(sealed); m != nil {
		a.adoptMemory(m)
		a.lost = a.unknown
	}
}

// without is how many earlier attempts reached a replica, of which known have
// left a memory, and left none.
func (a *attempt) without(known int) int {
	unreached := 0
	if a.numbered {
		unreached, _ = strconv.Atoi(a.in.Headers.Get(policies.HeaderUnreached))
	}
	return max(a.number-1-known-max(unreached, 0), 0)
}

// missing counts a memory that should be there but is not.
func (a *attempt) missing() {
	if a.number > 1 {
		a.x.metrics.memory.WithLabelValues("absent").Inc()
	}
}

// openMemory opens a sealed memory; nil, with a log line, if it is not one of
// this request.
func (a *attempt) openMemory(sealed string) *heal.Memory {
	m, err := heal.OpenMemory(a.x.key, a.x.clock, a.requestID(), sealed)
	switch {
	case errors.Is(err, heal.ErrOtherKey):
		a.ignored("other_key")
		a.x.log.Error("memory of earlier attempts was ignored", zap.Error(err), zap.String("request_id", a.requestID()))
	case err != nil:
		a.ignored("unreadable")
		a.x.log.Warn("memory of earlier attempts was ignored", zap.Error(err), zap.String("request_id", a.requestID()))
	case cmp.Or(m.Tenant, tenant.Default) != a.caller.Tenant.Name:
		a.ignored("other_tenant")
		a.logger().Error("memory of earlier attempts was ignored: it is of another tenant")
	default:
		a.x.metrics.memory.WithLabelValues("ok").Inc()
		return m
	}
	return nil
}

// ignored counts a memory that cannot be read, and notes why for the record.
func (a *attempt) ignored(why string) {
	a.unread = why
	a.x.metrics.memory.WithLabelValues(why).Inc()
}

// adoptMemory takes over the memory of earlier attempts.
func (a *attempt) adoptMemory(m *heal.Memory) {
	a.memory = *m
	a.number = max(a.number, m.Known()+1)
	a.unknown = a.without(m.Known())
}

// checkLost refuses a request whose attempts are lost, or too many.
func (a *attempt) checkLost() *policies.Reply {
	a.recallLost()
	if a.lost <= lostAttempts && a.attemptsUsed() <= a.settings.Attempts+lostAttempts {
		return nil
	}
	last := a.finalError(conversation.Error{Kind: conversation.ErrAPI, Message: "the model backend could not be reached, or broke off, too often"})
	return a.refuse(heal.ReasonLost, &last)
}
