package exchange

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
)

// kept is an attempt whose bodies may be kept (record.bodies): it copies what comes
// and goes. Only where bodies are kept are attempts of this kind.
//
// An attempt that another one follows lets go of what it has: the next one gets the
// same body. Where Envoy does not make that one, nothing is kept.
type kept struct{ *attempt }

var (
	_ policies.Attempt   = (*kept)(nil)
	_ policies.Ender     = (*kept)(nil)
	_ policies.Receiver  = (*kept)(nil)
	_ policies.Collector = (*kept)(nil)
)

func (k *kept) RequestBody(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	if t := k.caller.Tenant; t != nil && t.KeepsBodies() {
		k.bodies = k.x.bodies.Begin()
	}
	forward, reply := k.attempt.RequestBody(ctx, body)
	if reply != nil {
		k.bodies.Answer(reply.Body)
	}
	return forward, reply
}

func (k *kept) ResponseHeaders(resp *policies.Response) policies.Action {
	return k.gone(k.attempt.ResponseHeaders(resp))
}

func (k *kept) ResponseBody(chunk []byte, end bool) policies.Action {
	return k.gone(k.attempt.ResponseBody(chunk, end))
}

func (k *kept) Wake() policies.Action { return k.gone(k.attempt.Wake()) }

func (k *kept) EndNow() policies.Action { return k.gone(k.attempt.EndNow()) }

// gone copies what goes to the client.
func (k *kept) gone(act policies.Action) policies.Action {
	switch act.Step {
	case policies.Send:
		k.bodies.Answer(act.Body)
	case policies.Answer:
		k.bodies.Answer(act.Reply.Body)
	case policies.Hold:
	}
	return act
}

func (k *kept) Close(end policies.End) {
	defer k.bodies.Drop() // also if Close panics
	k.attempt.Close(end)
	o, _ := k.origin()
	k.bodies.Keep(record.Bodies{Time: time.Now(), RequestID: o.RequestID, Tenant: o.Tenant, API: o.API, Outcome: k.record.outcome}, k.x.forBodies)
}
