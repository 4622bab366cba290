package exchange

import (
	"cmp"
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/endpoint"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/hedge"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Config is what the credential owner sets. It does not change while an
// Exchange lives: a reload makes a new one.
type Config struct {
	// Backends in order of preference; may be empty if routes name them.
	Backends []route.Backend
	// Accounts in order of preference.
	Accounts []account.Account
	Models   route.Models
	// Policies by name; DefaultPolicy exists even if not listed.
	Policies map[string]route.Settings
	// MemoryKeys authenticate memory and carriers; all replicas share them.
	// The first seals, all open; without any, a key is made.
	MemoryKeys [][]byte
	// MaxBody is the longest request body in bytes; 0 takes all.
	MaxBody int
	// Hop is the secret that the outer route adds; "" accepts every request.
	Hop string
	// Tenants are those that may call; none where no key is required.
	Tenants *tenant.Registry
	// ClientKeys are the keys of clients that are known in plain text, to be
	// taken out of texts.
	ClientKeys []string
	// Browsers say which web pages may send requests where no key is asked for.
	Browsers Browsers
	// ResumeVia is the Envoy listener through which heald sends requests of its
	// own, for the rest of broken answers and for lists of models:
	// http://host:port or unix:///path. "" is resume.DefaultVia if a policy
	// resumes; else there is no listener, and no list is fetched.
	ResumeVia string
	// OneHop says that Envoy has no outer listener: each request is one attempt.
	OneHop bool
	// LogSample is of how many requests that their first attempt answered one is
	// written to the log; 0 and 1 write all. Everything else always is.
	LogSample int
}

// Deps are what an Exchange uses but does not own.
type Deps struct {
	Log     *zap.Logger
	Metrics *Metrics
	// Signatures remembers what clients lose; nil remembers nothing.
	Signatures *heal.Signatures
	// Recorder is told of attempts and requests; nil tells nobody. Prices say
	// what they cost; nil knows none. Replica names the process in records; "" where
	// there are no others.
	Recorder record.Recorder
	Prices   *price.Table
	Replica  string
	// Bodies keeps what clients send and get; nil keeps nothing, and costs nothing.
	Bodies *record.BodyKeeper
	// InFlight bounds what all attempts hold; nil bounds nothing.
	InFlight *InFlight
	// State holds slots, rates, what is kept back, and the memory of policies with
	// memory: store; nil is a store of the exchange's own. Shared says that other
	// replicas use it as well: then they find what Signatures remembers, too.
	State  state.Store
	Shared bool
	// Random is in [0,1); nil is that of math/rand.
	Random func() float64
}

// Exchange is the policy that translates and heals.
type Exchange struct {
	cfg        Config
	key        heal.Key
	hop        keySet
	tenants    atomic.Pointer[tenant.Registry]
	reserved   []int // statuses that some policy reserves
	store      state.Store
	accounts   *account.Accounts
	log        *zap.Logger
	metrics    *Metrics
	random     func() float64
	clock      heal.Clock
	learned    state.Learned
	expected   *expectations
	underway   underway
	times      hedge.Times // until the provider's headers
	duplicates hedge.Budget
	catalog    *route.Catalog
	schemas    *gemini.Compiler

	signatures *heal.Signatures
	sharing    *signatureSharing // nil: replicas share no signatures
	recorder   record.Recorder
	bodies     *record.BodyKeeper
	prices     *price.Table
	replica    string
	names      atomic.Pointer[record.Names] // that may become labels
	paths      paths                        // that records and the log have told
	inFlight   *InFlight
	rest       *resume.Client
	secrets    redact.Secrets    // taken out of all texts
	projects   *strings.Replacer // taken out of texts for clients

	ignoredBackends sync.Once // says that a header was ignored
	missingID       sync.Once // says that request ids are missing
	ids             requestIDs
	saidID          hourly // that request ids change
	saidCount       hourly // that Envoy does not count
}

// schemaCache bounds the compiled schemas that are kept, in bytes. A client
// sends the same tools with every request.
const schemaCache = 4 << 20

var _ policies.Policy = (*Exchange)(nil)

// New checks the configuration and makes an exchange. The error lists every
// fault with its path.
func New(cfg Config, deps Deps) (*Exchange, error) {
	var errs []error
	for i := range cfg.Backends {
		cfg.Backends[i] = cfg.Backends[i].WithDefaults()
		errs = append(errs, cfg.Backends[i].Validate(fmt.Sprintf("backends[%d]", i)))
	}
	if deps.Random == nil {
		deps.Random = rand.Float64
	}
	if deps.State == nil {
		deps.State = memory.New()
	}
	accounts, err := newAccounts(&cfg, deps)
	errs = append(errs, err, checkAccounts(cfg))
	named := map[string]route.Settings{route.DefaultPolicy: route.DefaultSettings()}
	lists := cfg.ResumeVia != "" // the listener is there
	for name, s := range cfg.Policies {
		s = s.WithDefaults()
		errs = append(errs, s.Validate("policies."+setting.Key(name)))
		named[name] = s
		lists = lists || s.Resumes()
	}
	cfg.Policies = named
	reserved := reservedByAll(named)
	errs = append(errs, checkReserved(named, reserved))
	cfg.ResumeVia = cmp.Or(cfg.ResumeVia, resume.DefaultVia)
	rest, err := resume.NewClient(cfg.ResumeVia, cfg.Hop)
	if err != nil {
		errs = append(errs, &setting.Problem{Path: "resume_via", Found: err.Error(), Fix: "name the listener of envoy/resume.yaml, or leave the line out for " + resume.DefaultVia})
	}
	errs = append(errs, cfg.Browsers.Validate("browsers"))
	x := &Exchange{
		cfg: cfg, key: keyOf(cfg.MemoryKeys), hop: newKeySet(cfg.Hop), reserved: reserved, accounts: accounts, store: deps.State,
		log: deps.Log, metrics: deps.Metrics, random: deps.Random, clock: heal.NewClock(),
		schemas: gemini.NewCompiler(schemaCache), signatures: deps.Signatures, inFlight: deps.InFlight, recorder: deps.Recorder, bodies: deps.Bodies, prices: deps.Prices, replica: deps.Replica,
		expected: newExpectations(), rest: rest, secrets: secretsOf(cfg), projects: projectNames(cfg.Backends),
	}
	if deps.Shared && deps.Signatures != nil {
		x.sharing = newSignatureSharing(x)
	}
	var fetch route.Fetch
	if lists {
		fetch = x.fetchList
	}
	x.learned.Tell = x.reportLearned
	x.catalog, err = route.NewCatalog(cfg.Models, fetch, x.listFailed)
	errs = append(errs, err, cfg.Models.Check(cfg.Backends))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	x.cfg.Backends = slices.Clone(cfg.Backends)
	slices.SortStableFunc(x.cfg.Backends, func(a, b route.Backend) int { return cmp.Compare(a.Priority, b.Priority) })
	x.name()
	x.UseTenants(cfg.Tenants)
	return x, nil
}

// UseTenants sets who may call from now on; nil requires no key. The state of
// accounts and backends stays, and a running request keeps the tenants it began
// with.
func (x *Exchange) UseTenants(r *tenant.Registry) {
	if r == nil {
		r = tenant.Open()
	}
	x.tenants.Store(r)
	x.nameTenants(r)
	x.accounts.TenantsChanged()
}

// Tenants are those who may call; none where no key is asked for.
func (x *Exchange) Tenants() []*tenant.Tenant { return x.tenants.Load().Tenants() }

// newAccounts makes the scheduler. Only the backend knows where the quotas of
// each account apply, so it passes that on.
func newAccounts(cfg *Config, deps Deps) (*account.Accounts, error) {
	list := slices.Clone(cfg.Accounts)
	for i := range list {
		for _, b := range cfg.Backends {
			if b.Name == list[i].Backend {
				list[i].Place = b.QuotaPlace()
				list[i].Project = cmp.Or(list[i].Project, b.Project)
			}
		}
	}
	return account.New(list, account.Deps{Store: deps.State, Shared: deps.Shared, Random: deps.Random, Log: cmp.Or(deps.Log, zap.NewNop())})
}

// checkAccounts finds backends without accounts and accounts without backends.
func checkAccounts(cfg Config) error {
	if len(cfg.Backends) == 0 {
		return nil // routes name the backends
	}
	var errs []error
	names := map[string]bool{}
	for i, b := range cfg.Backends {
		if names[b.Name] {
			errs = append(errs, &setting.Problem{Path: fmt.Sprintf("backends[%d].name", i), Found: redact.Quote(b.Name) + " is used twice", Fix: "give each backend a name of its own"})
		}
		names[b.Name] = true
	}
	has := map[string]bool{}
	for i, a := range cfg.Accounts {
		has[a.Backend] = true
		if !names[a.Backend] {
			errs = append(errs, &setting.Problem{Path: fmt.Sprintf("accounts[%d].backend", i), Found: "no backend is called " + redact.Quote(a.Backend) + setting.DidYouMean(a.Backend, slices.Sorted(maps.Keys(names))), Fix: "name one of backends"})
		}
	}
	for i, b := range cfg.Backends {
		if !has[b.Name] {
			errs = append(errs, &setting.Problem{Path: fmt.Sprintf("backends[%d]", i), Found: "backend " + redact.Quote(b.Name) + " has no account",
				Consequence: "requests to it could not be authenticated", Fix: "add one to accounts"})
		}
	}
	return errors.Join(errs...)
}

// keyOf makes the key that seals with the first secret and opens with all.
// Without secrets it makes a random one, for this exchange alone.
func keyOf(secrets [][]byte) heal.Key {
	var keys []heal.Key
	for _, s := range secrets {
		keys = append(keys, heal.NewKey(s))
	}
	if len(keys) == 0 {
		return heal.NewKey([]byte(cryptorand.Text()))
	}
	return keys[0].AlsoOpens(keys[1:]...)
}

// KeyIDs returns the ids of the memory keys, first that of the key that seals.
// All replicas must log the same ids.
func (x *Exchange) KeyIDs() []string { return x.key.IDs() }

// Close sends pending settlements to the store, for a second at most, and ends
// what runs in the background. Call it when no attempt runs any more. An
// exchange that a reload has replaced needs no Close: its background work ends
// by itself, and its running attempts go on.
func (x *Exchange) Close() {
	x.sharing.close()
	x.accounts.Close()
}

// Begin starts an attempt.
func (x *Exchange) Begin(ctx context.Context, req *policies.Request) policies.Attempt {
	a := newAttempt(ctx, x, req)
	if x.bodies == nil {
		return a
	}
	return &capturing{a}
}

// Refuse writes a fault of heald itself in the dialect of the request's path.
func (x *Exchange) Refuse(req *policies.Request, fault *policies.Fault) (reply *policies.Reply) {
	defer func() {
		if p := recover(); p != nil {
			x.log.Error("panic in the words of an error", zap.String("panic", fmt.Sprint(p)), zap.Stack("stack"))
			reply = x.lastWords(fault)
		}
	}()
	d := endpoint.Fallback
	id := ""
	if req != nil {
		e := endpoint.Of(req.Path)
		d, _, _ = e.Dialect(req)
		id = req.Headers.Get(policies.HeaderRequestID)
	}
	message := "gateway: " + x.forClient(fault.Error())
	if !x.throughOuter(req) {
		message = "gateway: " + notFromOuter // what is wrong here is in the log
	}
	kind := conversation.ErrAPI
	if fault.Status == http.StatusRequestEntityTooLarge { // the client's mistake, not one that may pass
		kind = conversation.ErrTooLarge
	}
	status, headers, body := dialect.ErrorOutside(x.reservedFor(req), d, &conversation.Error{
		Kind: kind, Status: fault.Status, Message: message, RequestID: id,
		NoRetry: !fault.Verdict.Again(),
	})
	if id != "" {
		headers = append(headers, policies.Header{Name: policies.HeaderClientRequestID, Value: id})
	}
	if req != nil {
		headers = append(headers, x.cfg.Browsers.corsHeaders(req)...)
	}
	return &policies.Reply{Status: status, Headers: headers, Body: body, Verdict: x.verdictOf(fault), Reason: fault.Reason}
}
