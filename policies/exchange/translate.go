package exchange

import (
	"cmp"
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/route"
)

// TranslatorConfig sets how requests are translated outside of a gateway.
type TranslatorConfig struct {
	// Backend is who would serve them; its Name may be empty.
	Backend route.Backend
	// Model is the upstream model; "" resolves what the client asks for.
	Model    string
	Settings route.Settings
}

// Translator translates requests and replies as a gateway does, one attempt each
// and without an account: for bug reports, and for tests on recorded traffic.
type Translator struct{ x *Exchange }

// NewTranslator makes a translator. Its carriers are sealed with a fixed key,
// so that a translation can be repeated.
func NewTranslator(cfg TranslatorConfig) (*Translator, error) {
	cfg.Backend.Name = cmp.Or(cfg.Backend.Name, "backend")
	c := Config{
		Backends:   []route.Backend{cfg.Backend},
		Accounts:   []account.Account{{ID: "none", Backend: cfg.Backend.Name, Secret: account.NewSecret("none")}},
		Policies:   map[string]route.Settings{route.DefaultPolicy: cfg.Settings},
		MemoryKeys: [][]byte{[]byte("translator: not a secret")},
	}
	if cfg.Model != "" {
		// '*' ends at a slash; names with two are the longest known.
		c.Models.Aliases = map[string]route.Chain{"*": route.Only(cfg.Model), "*/*": route.Only(cfg.Model), "*/*/*": route.Only(cfg.Model)}
	}
	x, err := New(c, Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		return nil, err
	}
	return &Translator{x}, nil
}

// Translation is one request, and then its reply.
type Translation struct {
	// Forward is what goes upstream, or Reply what the client gets at once:
	// a refusal or a local answer. The credential among Forward's headers is
	// a placeholder.
	Forward *policies.Forward
	Reply   *policies.Reply

	attempt *attempt
}

// Request translates one request. The translation refers to body.
func (t *Translator) Request(ctx context.Context, in *policies.Request, body []byte) *Translation {
	out := &Translation{attempt: newAttempt(ctx, t.x, in)}
	if out.Reply = out.attempt.RequestHeaders(); out.Reply == nil {
		out.Forward, out.Reply = out.attempt.RequestBody(ctx, body)
	}
	return out
}

// Dialect names the client's API.
func (t *Translation) Dialect() string { return t.attempt.dialect.Name() }

// Model is the upstream model; "" before one was chosen.
func (t *Translation) Model() string { return t.attempt.model }

// Warnings list what was changed or left out, and why; more is the number of
// those that were dropped.
func (t *Translation) Warnings() (list []conversation.Warning, more int) {
	if t.attempt.req == nil {
		return nil, 0
	}
	return t.attempt.req.Warnings, t.attempt.req.OmittedWarnings
}

// Answered is what the client gets for a reply of the upstream.
type Answered struct {
	Status  int
	Headers policies.Headers
	Body    []byte
	// Verdict and Reason say what the gateway would do. With a verdict that
	// asks for another attempt, the rest is what the client gets after the
	// last one.
	Verdict policies.Verdict
	Reason  string
}

// Answer translates the upstream's reply to a Forward, which comes in pieces
// of step bytes; 0 for one piece. It may be called once.
func (t *Translation) Answer(status int, headers policies.Headers, body []byte, step int) Answered {
	a := t.attempt
	out := Answered{Status: 200}
	take := func(act policies.Action) (over bool) {
		if act.Head != nil {
			out.Status, out.Headers = act.Head.Status, act.Head.Set
		}
		out.Body = append(out.Body, act.Body...)
		if r := act.Reply; r != nil {
			out.Status, out.Headers, out.Body = r.Status, r.Headers, r.Body
		}
		return act.End || act.Reply != nil
	}
	if step <= 0 {
		step = max(len(body), 1)
	}
	var chunk []byte // one memory for all, as the protocol has it
	over := take(a.ResponseHeaders(&policies.Response{Status: status, Headers: headers, Details: policies.ViaUpstream}))
	for end := false; !over && !end; body = body[min(step, len(body)):] {
		end = len(body) <= step
		chunk = append(chunk[:0], body[:min(step, len(body))]...)
		over = take(a.ResponseBody(chunk, end))
	}
	out.Verdict, out.Reason = a.record.verdict, a.record.reason
	if a.record.ended != "" {
		out.Reason = a.record.ended
	}
	return out
}
