package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/endpoint"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/inflate"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// phase is where an attempt stands.
//
//	asked ─Forward→ sent ─200→ peeking ─good→ passing ─end→ over
//	  │               │           │  │           └break→ resuming ─end→ over
//	  │               │           │  └─broken document────▲ └─whole document→ passing
//	  │               │           └──────bad──────────────────▲
//	  │               ├─other status→ failing ─judged─────────┤
//	  │               ├─200 to a count→ counting ─end─────────┤
//	  │               └─200 to inputs→ collecting ─broken─────┤
//	  │                                    └─whole→ passing   │
//	  └─refusal, local answer──────────────────────────────────┘
type phase uint8

const (
	asked      phase = iota // nothing has gone upstream
	sent                    // upstream has the request
	peeking                 // a 200 is held back
	failing                 // an error body is being collected
	counting                // a token count is being collected
	collecting              // embeddings are being collected
	passing                 // the client has bytes
	resuming                // upstream broke off, the rest is being fetched; the client of a stream has bytes
	over                    // a reply was made, or the answer is complete
)

// moves are the arrows of the drawing.
var moves = [...][]phase{
	asked:      {sent, over},
	sent:       {peeking, failing, counting, collecting, over},
	peeking:    {passing, resuming, over},
	failing:    {over},
	counting:   {over},
	collecting: {passing, over},
	passing:    {resuming, over},
	resuming:   {passing, over},
	over:       {},
}

// move is the only function that changes the phase. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (a *attempt) move(to phase) {
	if !slices.Contains(moves[a.phase], to) {
		panic(fmt.Sprintf("exchange: attempt in phase %d cannot move to %d", a.phase, to))
	}
	if a.phase != asked && a.phase < passing && to >= passing {
		a.x.underway.take(a.requestID())
	}
	a.phase = to
}

// attempt is one upstream try.
type attempt struct {
	x  *Exchange
	in *policies.Request

	tenants *tenant.Registry // who may call, as it was when the attempt began
	caller  tenant.Caller    // who calls, once it was admitted

	phase          phase
	settings       route.Settings
	reservedStatus []int // that no reply may have
	endpoint       endpoint.Endpoint
	dialect        dialect.Dialect
	features       dialect.Features // of the dialect
	route          dialect.Route
	number         int  // from 1
	numbered       bool // Envoy has told the number
	unknown        int  // earlier attempts that reached a replica, and of which no memory tells
	lost           int  // those that left none; 0 if there is one that cannot be read
	memory         heal.Memory
	stored         stored // of the memory, where it is in the store
	backends       []route.Backend

	coding inflate.Coding // of the client's body

	req     *conversation.Request  // without content once it was rendered, unless the answer may be resumed
	called  bool                   // the history has calls
	schemas func() state.SchemaSum // of the body; it is only asked for where some were refused
	taught  heal.Repairs           // those that it was sent with since others were refused without, not it
	sum     account.RequestSum
	size    size   // of the client's body
	body    uint64 // tells the body that goes upstream
	names   bool   // a file, a cache or the like is named by the request
	tools   bool   // upstream runs tools for the request
	// tier is the service tier that the chain asks for; "" leaves it to the client.
	// tierAsked is what upstream is asked for; "" for none.
	tier, tierAsked string
	thread          *heal.Thread // the conversation, among those whose signatures are remembered

	candidates    []route.Candidate // what could be asked, in order of preference
	skipped       []skipped         // of those, what others' failures kept the attempt from
	model         string            // upstream's
	backend       *route.Backend
	account       *account.Account
	lease         account.Lease     // of account; nil before
	reserved      *state.TenantWant // what was asked of the tenant's limits; nil for nothing
	promptCounted bool              // upstream has said how many tokens the prompt has; see correct
	shown         string            // of the account's credential, as it was sent
	alone         bool              // it goes over a connection of its own

	begunAt  time.Time // Envoy opened the stream
	sentAt   time.Time // request handed to Envoy
	hedge    hedging
	estimate int // tokens of the request, guessed; for counts
	response policies.Response
	packed   *inflate.Reply // inflates the body; nil before it comes
	errBody  []byte
	held     []byte        // translated: not yet released, or memory for the next chunk
	answer   *answer       // the translation of a 200; nil before
	vectors  embedding     // in place of an answer
	used     *record.Usage // set at the end, when it does not grow any more; nil if unknown

	unreadable error       // why the reply could not be inflated
	unread     string      // why the memory of earlier attempts could not be read
	resumes    resumes     // of the request, if the answer may be resumed
	resumption *resumption // nil unless the answer broke off

	lastIn, lastOut time.Time // news from upstream, bytes to the client
	passedAt        time.Time // the client got its first bytes
	inGrace         bool      // the reply is held only for what may follow its finish

	trace      trace  // of the client
	labelOf    string // the model that modelLabel is of
	modelLabel string
	bodies     *record.Capture // nil: they are not kept

	share share // of the process's memory
	turn  bool  // its body may grow alone (InFlight.growing)
	kept  int64 // of the share, for resuming

	record  findings
	moments moments
}

// findings are the facts of the attempt for the log line and the records.
type findings struct {
	verdict policies.Verdict
	reason  string
	status  int    // upstream's
	tenant  string // whose request was refused although the key is known
	client  int    // the client's, of a final reply; 0 before, and for the 200 of an answer
	err     error
	waited  time.Duration // before it was sent
	wait    time.Duration // before the next one
	held    time.Duration // from sent to verdict
	headers time.Duration // from sent to the provider's headers; 0 if none came
	content time.Duration // from sent to the first content; 0 if none came
	outcome string        // how the request ended; "" before, and if another attempt follows
	final   bool          // the request ends with this attempt
	blames  bool          // the verdict has an effect on the account or the backend
	ended   string        // reason for which a passed answer broke off
	// unsettled: Envoy ended the attempt while its reply was held.
	unsettled bool
}

// trace is the client's trace, from its traceparent; without one it has no id.
type trace struct {
	id, parent string
	sampled    bool
}

func traceOf(in *policies.Request) (t trace) {
	if header := in.Headers.Get("traceparent"); header != "" {
		t.id, t.parent, t.sampled = record.ParseTraceparent(header)
	}
	return t
}

func newAttempt(_ context.Context, x *Exchange, in *policies.Request) *attempt {
	return &attempt{x: x, in: in, tenants: x.tenants.Load(), begunAt: time.Now(), settings: x.cfg.Policies[route.DefaultPolicy], reservedStatus: x.reserved, share: share{of: x.inFlight}}
}

// requestID is Envoy's id, the same for all attempts of a request.
func (a *attempt) requestID() string { return a.in.Headers.Get(policies.HeaderRequestID) }

// setting reads what a route configured: as initial metadata on the inner
// route, or as a header that the outer route set.
func (x *Exchange) setting(req *policies.Request, name string) string {
	if v := req.Settings.Get(name); v != "" {
		return v
	}
	return x.routeHeader(req, name)
}

// routeHeader reads a header that the outer route has set, or removed from what
// the client sent.
func (x *Exchange) routeHeader(req *policies.Request, name string) string {
	if !x.trustsHeaders() {
		return ""
	}
	return req.Headers.Get(name)
}

// settingsOf are the settings of the request's policy, as its route overrides them.
func (x *Exchange) settingsOf(req *policies.Request) (route.Settings, error) {
	name := x.setting(req, policies.HeaderPolicy)
	if name == "" {
		name = route.DefaultPolicy
	}
	s, ok := x.cfg.Policies[name]
	if !ok {
		return s, errors.New("the route asks for policy " + redact.Quote(name) + ", which heald.yaml does not define under policies")
	}
	s, err := s.Override(x.setting(req, policies.HeaderSet))
	if x.cfg.OneHop {
		s = s.InOneHop()
	}
	return s, err
}

// RequestHeaders decides what can be decided by the headers alone.
func (a *attempt) RequestHeaders() *policies.Reply {
	var ok bool
	a.endpoint = endpoint.Of(a.in.Path)
	a.dialect, a.route, ok = a.endpoint.Dialect(a.in)
	a.features = a.dialect.Features()
	a.number, a.memory = 1, heal.Memory{Started: a.x.clock.Now()}
	a.trace = traceOf(a.in)
	a.x.metrics.inFlight.Of(a.dialect.Name()).Inc()
	if reply := a.admit(); reply != nil {
		return reply
	}
	err := a.configure() // says where the memory is
	a.readMemory()
	if err != nil {
		return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrAPI,
			Message: "gateway configuration: " + a.x.forClient(err.Error())})
	}
	if !a.settings.StoresMemory() { // else recallStored looks
		if reply := a.checkLost(); reply != nil {
			return reply
		}
	}
	// Before it is read: one that is far too long could not be answered later.
	if n, err := strconv.Atoi(a.in.Headers.Get("content-length")); err == nil {
		if reply := a.checkLength(n); reply != nil {
			return reply
		}
		if reply := a.checkRoom(n); reply != nil {
			return reply
		}
	}
	if reply := a.listModels(); reply != nil {
		return reply
	}
	if ok {
		return a.checkCoding()
	}
	return a.refusePath()
}

// checkLength refuses a body of n bytes if that is too many.
func (a *attempt) checkLength(n int) *policies.Reply {
	if most := a.x.cfg.MaxBody; most > 0 && n > most {
		return a.refuse(heal.ReasonBodyTooLarge, &conversation.Error{Kind: conversation.ErrTooLarge,
			Message: fmt.Sprintf("the request body has %d bytes; this gateway takes %d", n, most)})
	}
	return nil
}

// checkModel refuses a model name that is far too long, in the body or the path,
// before it is looked up anywhere.
func (a *attempt) checkModel(name string) *policies.Reply {
	if len(name) > conversation.MaxModel {
		return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Param: "model",
			Message: fmt.Sprintf("model: the name has %d characters; at most %d are taken", len(name), conversation.MaxModel)})
	}
	return nil
}

// configure finds the policy and the backends of the route.
func (a *attempt) configure() error {
	s, err := a.x.settingsOf(a.in)
	if err != nil {
		return err
	}
	a.settings, a.reservedStatus = s, s.ReservedStatus
	if a.backends, err = a.routeBackends(); err != nil {
		return err
	}
	if len(a.backends) == 0 {
		return errors.New("no backend is configured; list one under backends in heald.yaml, or on the route as " + policies.HeaderBackends)
	}
	return nil
}

// routeBackends are the backends that the request's route names, or else those of
// heald.yaml. A header comes with the request, so where heald.yaml has backends it
// can only choose among them, by name: its sender would choose the host that gets
// the owner's credentials.
func (a *attempt) routeBackends() ([]route.Backend, error) {
	list := a.in.Settings.Get(policies.HeaderBackends)
	configured := list != "" // as initial metadata
	if !configured {
		list = a.x.routeHeader(a.in, policies.HeaderBackends)
	}
	own := a.x.cfg.Backends
	switch {
	case list == "":
		return own, nil
	case len(own) > 0 && !strings.Contains(list, "="):
		return a.x.backendsNamed(list)
	case configured || len(own) == 0:
		return route.ParseBackends(strings.Clone(list)) // their names outlive the request
	}
	a.x.ignoredBackends.Do(func() {
		a.x.log.Warn("the request header "+policies.HeaderBackends+" was ignored, since heald.yaml lists backends; "+
			"it may choose some of them by name (a;b), and a route that shall name others does so in initial_metadata of the ext_proc filter (said once)", zap.String("request_id", a.requestID()))
	})
	return own, nil
}

// backendsNamed are the backends of heald.yaml with these names, separated by
// semicolons, in heald.yaml's order.
func (x *Exchange) backendsNamed(list string) ([]route.Backend, error) {
	var names []string
	for name := range strings.SplitSeq(list, ";") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.ContainsFunc(x.cfg.Backends, func(b route.Backend) bool { return b.Name == name }) {
			return nil, errors.New("the route asks for backend " + redact.Quote(name) + " in " + policies.HeaderBackends + ", which heald.yaml does not list under backends")
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return x.cfg.Backends, nil
	}
	var out []route.Backend
	for _, b := range x.cfg.Backends {
		if slices.Contains(names, b.Name) {
			out = append(out, b)
		}
	}
	return out, nil
}
