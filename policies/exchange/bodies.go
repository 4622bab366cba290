package exchange

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
)

// capturing is an attempt whose bodies may be kept (record.bodies): it copies
// the request and the answer. Attempts are of this type only where bodies are
// kept.
//
// If another attempt follows, the copy is dropped: the next attempt gets the
// same body. If Envoy does not make that attempt, nothing is kept.
type capturing struct{ *attempt }

var (
	_ policies.Attempt   = (*capturing)(nil)
	_ policies.Ender     = (*capturing)(nil)
	_ policies.Receiver  = (*capturing)(nil)
	_ policies.Collector = (*capturing)(nil)
)

func (k *capturing) RequestBody(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	if t := k.caller.Tenant; t != nil && t.KeepsBodies() {
		k.bodies = k.x.bodies.Begin()
	}
	forward, reply := k.attempt.RequestBody(ctx, body)
	if reply != nil {
		k.bodies.Answer(reply.Body)
	}
	return forward, reply
}

func (k *capturing) ResponseHeaders(resp *policies.Response) policies.Action {
	return k.captureReply(k.attempt.ResponseHeaders(resp))
}

func (k *capturing) ResponseBody(chunk []byte, end bool) policies.Action {
	return k.captureReply(k.attempt.ResponseBody(chunk, end))
}

func (k *capturing) Wake() policies.Action { return k.captureReply(k.attempt.Wake()) }

func (k *capturing) EndNow() policies.Action { return k.captureReply(k.attempt.EndNow()) }

// captureReply copies what is sent to the client.
func (k *capturing) captureReply(act policies.Action) policies.Action {
	switch act.Step {
	case policies.Send:
		k.bodies.Answer(act.Body)
	case policies.Answer:
		k.bodies.Answer(act.Reply.Body)
	case policies.Hold:
	}
	return act
}

func (k *capturing) Close(end policies.End) {
	defer k.bodies.Drop() // also if Close panics
	k.attempt.Close(end)
	o, _ := k.origin()
	k.bodies.Keep(record.Bodies{Time: time.Now(), RequestID: o.RequestID, Tenant: o.Tenant, API: o.API, Outcome: k.record.outcome}, k.x.forBodies)
}
