package exchange

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/gemini/media"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
)

// RequestBody decodes the request, chooses who serves it, and renders it.
func (a *attempt) RequestBody(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	a.endTurn()
	if reply := a.checkLength(len(body)); reply != nil {
		return nil, reply
	}
	if reply := a.recallStored(ctx, body); reply != nil {
		return nil, reply
	}
	if reply := a.takeBody(len(body)); reply != nil {
		return nil, reply
	}
	body, reply := a.inflateBody(body)
	if reply == nil && !a.route.Form {
		body, reply = a.inUTF8(body)
	}
	if reply != nil {
		return nil, reply
	}
	a.bodies.Request(body)
	a.route.Client = ctx                    // whoever reads or writes a long list stops where the client has gone
	defer func() { a.route.Client = nil }() // ctx is of this call alone
	req, err := a.dialect.Decode(a.route, a.in.Headers, body)
	switch {
	case ctx.Err() != nil:
		return nil, a.refuseGone()
	case err != nil:
		return nil, a.refuseError(err)
	}
	if a.endpoint.Model != "" {
		req.Model = a.endpoint.Model // Azure's rule: the path counts, not the body
	}
	a.req = req
	if reply := a.checkModel(req.Model); reply != nil {
		return nil, reply
	}
	if reply := a.local(body); reply != nil {
		return nil, reply
	}
	if denied := a.x.mayUse(a.caller.Tenant, a.req.Model); denied != nil {
		return nil, a.deny(denied)
	}
	if reply := a.choose(); reply != nil {
		return nil, reply
	}
	if reply := a.acquire(ctx, body); reply != nil {
		return nil, reply
	}
	a.catalog().Learn(a.backend, a.model)
	forward, err := a.render(ctx, body)
	switch {
	case ctx.Err() != nil:
		return nil, a.refuseGone()
	case err != nil:
		return nil, a.refuseError(err)
	}
	if reply := a.unrepaired(); reply != nil {
		return nil, reply
	}
	if reply := a.warned(); reply != nil {
		return nil, reply
	}
	if reply := a.checkDeadline(); reply != nil {
		return nil, reply
	}
	a.move(sent)
	a.beginUnderway()
	a.sentAt = time.Now()
	a.lastIn, a.lastOut = a.sentAt, a.sentAt
	a.measureWait()
	forward.Wake = min(a.settings.Peek.Timeout, a.untilDeadline())
	a.hedgeWith(forward)
	return forward, nil
}

// render makes the upstream request from the client's body.
func (a *attempt) render(ctx context.Context, client []byte) (*policies.Forward, error) {
	a.schemas = func() state.SchemaSum { return a.schemasOf(client) }
	a.findSignatures(ctx)
	sent, err := a.outgoing(client, a.options())
	if err != nil {
		return nil, err
	}
	a.body = bodySum(sent.body)
	a.called = len(a.req.CallIDs()) > 0
	if a.embeds() {
		a.expectVectors()
	}
	resumes := a.mayResume(client)
	var kept int64
	if resumes {
		kept = weight(a.req, len(client))
	} else {
		a.letGo()
	}
	switch a.route.Operation {
	case conversation.CountTokens:
		a.estimate = gemini.EstimateTokens(len(sent.body))
	case conversation.Generate:
		a.answer = newAnswer(a, sent, resumes)
	case conversation.Embed:
	}
	a.alone = a.needsConnection()
	forward := a.forward(sent)
	a.keepSent(forward, kept)
	return forward, nil
}

// letGo drops the references into the client's body, which is not needed again:
// they would keep it in memory for as long as the answer takes.
func (a *attempt) letGo() {
	var sum state.SchemaSum
	if (a.repairs() | a.taught).Has(heal.RelaxSchema) { // only then the answer teaches something about them
		sum = a.schemas()
	}
	a.schemas = func() state.SchemaSum { return sum }
	a.req = a.req.WithoutContent()
}

// options are the settings for rendering the attempt's requests.
func (a *attempt) options() gemini.Options {
	repairs := a.repairs()
	a.taught = a.x.learned.Of(a.backend.Name, a.model, a.schemas) &^ repairs
	repairs |= a.taught
	opts := gemini.Options{
		Table:           tableWith(a.x.catalog.Table(), a.model, repairs),
		Operation:       a.route.Operation,
		StripSignatures: repairs.Has(heal.StripSignatures),
		NoPlaceholder:   repairs.Has(heal.NoPlaceholder),
		OmitIDs:         repairs.Has(heal.OmitIDs),
		RelaxSchema:     repairs.Has(heal.RelaxSchema),
		OmitPenalties:   repairs.Has(heal.OmitPenalties),
		OmitLogprobs:    repairs.Has(heal.OmitLogprobs),
		Compiler:        a.x.schemas,
		Resource:        a.resource,
		Gone:            a.route.Gone,
	}
	if a.settings.Thinking.History == "keep" {
		opts.History = gemini.Keep
	}
	switch {
	case repairs.Has(heal.OmitOlderMedia):
		opts.OmitMedia = media.History
	case repairs.Has(heal.OmitMedia):
		opts.OmitMedia = media.Odd
	}
	opts.Tier, opts.Unprovisioned = a.tier, a.unprovisioned()
	if a.tierAsked = ""; a.answers() {
		a.tierAsked = a.askedTier()
	}
	if opts.RelaxSchema {
		a.req.Warn("tools", "schemas were simplified: the model backend finds them too complex")
	}
	if repairs.Has(heal.Prompt) && a.settings.RepairPrompt != "none" {
		opts.RepairPrompt = a.settings.RepairPrompt
	}
	return opts
}

// sumSeed is a seed of this process: its sums are compared nowhere else.
var sumSeed = maphash.MakeSeed()

// resource decides whether a resource goes upstream.
func (a *attempt) resource(r conversation.Resource) (keep bool, err error) {
	a.names, a.tools = a.names || r.Read(), a.tools || r.Runs()
	keep, err = a.settings.Allow.Check(r)
	if keep && r.Kind == conversation.ResourceTier {
		a.tierAsked = r.Name
	}
	if !keep && err == nil {
		a.req.Warn(r.Field, allow.Dropped(r.Kind))
	}
	return keep, err
}

// forward addresses a rendered request to the backend, for the account.
func (a *attempt) forward(sent outgoing) *policies.Forward {
	stream := a.upstreamStreams()
	accept := "text/event-stream"
	if !stream {
		accept = "application/json"
	}
	out := &policies.Forward{
		Cluster: a.backend.Cluster,
		Path:    cmp.Or(sent.path, a.target().Path(a.route.Operation, stream)),
		Body:    sent.body,
		Remove:  a.clientHeaders(),
	}
	if a.settings.Authority == "heald" {
		out.Authority = a.backend.Authority()
	}
	name, value := a.account.Header()
	a.shown = value
	out.Set = append(policies.Headers{
		{Name: "content-type", Value: "application/json"},
		{Name: "accept", Value: accept},
		{Name: "user-agent", Value: "heald"},
		{Name: name, Value: value},
	}, sent.headers...)
	if quota := a.account.QuotaProject(); quota != "" {
		out.Set = append(out.Set, policies.Header{Name: quotaHeader, Value: quota})
	}
	if a.alone {
		out.Set = append(out.Set, ownConnection())
	}
	return out
}

// upstreamStreams reports whether upstream is asked for a stream. A single
// document is made of the same events, folded, whichever way it comes.
func (a *attempt) upstreamStreams() bool {
	return !a.embeds() && (a.req.Stream || !a.settings.StreamsAsClient())
}

func (a *attempt) target() gemini.Target {
	return a.backend.Target(a.model)
}

func (a *attempt) carriers() heal.Carriers {
	c := heal.Carriers{Key: a.x.key, Tenant: a.caller.Tenant.Name, Thread: a.thread}
	if a.backend != nil {
		c.Origin = heal.NewOrigin(a.backend.Class(), a.model)
	}
	return c
}

// warned counts the warnings and, under strict, refuses the request.
func (a *attempt) warned() *policies.Reply {
	if len(a.req.Warnings) == 0 {
		return nil
	}
	if a.settings.Strict {
		w := a.req.Warnings[0]
		return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Param: w.Field,
			Message: w.Field + ": " + w.Why + " (refused because this route is strict)"})
	}
	if a.number == 1 {
		a.x.metrics.warnings.WithLabelValues(a.dialect.Name()).Inc()
	}
	return nil
}

// refuseError turns an error of decoding or rendering into a refusal.
func (a *attempt) refuseError(err error) *policies.Reply {
	var e *conversation.Error
	if !errors.As(err, &e) {
		e = &conversation.Error{Kind: conversation.ErrAPI, Message: "gateway: " + err.Error()}
	}
	return a.refuse(heal.ReasonRefused, e)
}

// refuseGone ends an attempt for which nobody waits any more: the client has
// left, or this replica drains and Envoy asks another one. The end of the
// request is unknown, so the attempt is recorded as cut off.
func (a *attempt) refuseGone() *policies.Reply {
	reply := a.refuse(heal.ReasonClientGone, &conversation.Error{Kind: conversation.ErrAPI, Message: "the request was canceled"})
	a.record.verdict, a.record.final = policies.Retry, false
	return reply
}

// pathOf is the path without its query, which may hold a credential.
func pathOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return policies.Clean(path)
}
