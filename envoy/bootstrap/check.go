package bootstrap

import (
	"fmt"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// Problem is one thing in an Envoy configuration that does not fit heald.
type Problem struct {
	// Path is where, in Envoy's own field names; items of lists by their name
	// where they have one, as in static_resources.listeners[outer].
	Path string
	// Problem is what is there or missing, Consequence what happens because of
	// it, Fix what to write.
	Problem, Consequence, Fix string
	// Note marks something that may be right, but was not or cannot be checked.
	Note bool
}

// String returns the problem as three lines.
func (p Problem) String() string {
	kind := "problem"
	if p.Note {
		kind = "note"
	}
	return fmt.Sprintf("%s: %s: %s\n  consequence: %s\n  fix: %s", kind, p.Path, p.Problem, p.Consequence, p.Fix)
}

// Want is what heald's own configuration needs from Envoy's.
type Want struct {
	// OneHop says that the listener with heald's filter is the only one (mode:
	// one_hop): clients connect to it, and nothing repeats attempts.
	OneHop bool
	// Attempts bounds the attempts of one request; 0 means 5.
	Attempts int
	// MaxBody is the largest request body that must pass; 0 means 32 MiB.
	MaxBody int
	// MaxMessage is the largest gRPC message that heald accepts; 0 leaves the
	// limit unchecked.
	MaxMessage int
	// Wait is the longest time that heald may wait within one attempt, or Envoy
	// between two; 0 means 5 minutes.
	Wait time.Duration
	// Silence is the longest time that a healthy stream may be silent: the
	// largest of peek.timeout, idle_timeout and max_wait; 0 means 5 minutes.
	Silence time.Duration
	// GRPC are the addresses on which heald listens for Envoy (listen.grpc);
	// empty leaves the endpoints of heald's cluster unchecked.
	GRPC []string
	// TLS says that heald expects TLS on those of them that are no Unix sockets
	// (listen.tls). Not compared if GRPC is empty.
	TLS bool
	// ClientKeys says that heald asks clients for a key (tenants, client_keys).
	ClientKeys bool
	// RetryAfter is the longest time that heald asks Envoy to wait between two
	// attempts, in x-heald-retry-after; 0 means 10 seconds.
	RetryAfter time.Duration
	// OwnWait says that heald always waits itself, at the start of the next
	// attempt (wait: heald), so that Envoy need not read x-heald-retry-after.
	OwnWait bool
	// Backends are the names of the backends; nil leaves the provider clusters
	// unchecked.
	Backends []string
	// Proxies are host and port of the backends' proxies, by cluster; nil
	// leaves them unchecked.
	Proxies map[string]string
	// StoreMemory says that memory between attempts is in the state store
	// (memory: store) and Envoy need not carry it.
	StoreMemory bool
	// RouteAuthority says that the inner route sets :authority
	// (authority: route).
	RouteAuthority bool
	// Hop is the secret that heald expects in x-heald-hop; "" for none.
	Hop string
	// Resume is the address of the listener through which heald fetches the
	// rest of broken answers (resume: text), host:port or "unix:///path"; "" if
	// no policy does.
	Resume string
	// Hedge says that slow attempts are sent twice (hedge).
	Hedge bool
	// Traces says that heald sends spans, only for requests that Envoy samples.
	Traces bool
	// Reserved are the statuses that heald uses in none of its replies,
	// whatever the policy (reserved_status): a reply with one of them comes from
	// somebody else, so that it may be retried or replaced by its status.
	Reserved []int
}

func (w Want) withDefaults() Want {
	if w.Attempts == 0 {
		w.Attempts = 5
	}
	if w.MaxBody == 0 {
		w.MaxBody = 32 << 20
	}
	if w.Wait == 0 {
		w.Wait = 5 * time.Minute
	}
	if w.Silence == 0 {
		w.Silence = 5 * time.Minute
	}
	if w.RetryAfter == 0 {
		w.RetryAfter = 10 * time.Second
	}
	return w
}

// Check lists what in b does not fit heald, in the order of a request's way. An
// empty list means that everything visible fits.
func Check(b *bootstrapv3.Bootstrap, want Want) []Problem {
	c := &checker{view: newView(b), want: want.withDefaults(),
		lds: b.GetDynamicResources().GetLdsConfig() != nil, cds: b.GetDynamicResources().GetCdsConfig() != nil}
	for _, o := range opaques(b, "") {
		c.opaque(o)
	}
	c.checkParts(b)
	if c.findInner() {
		c.checkHops()
	}
	return c.problems
}

// checkParts checks what does not depend on the two hops.
func (c *checker) checkParts(b *bootstrapv3.Bootstrap) {
	if c.dump != nil {
		c.checkOpaques()
	}
	c.checkUpstreamFilters()
	c.checkAdmin(b)
	c.checkExtensions(b)
	c.checkLogs()
	c.checkStats(b)
}

// checkHops checks the two hops, and what they lead to.
func (c *checker) checkHops() {
	if c.want.OneHop {
		c.checkOneHop()
		return
	}
	c.checkOuter()
	c.checkFilter()
	c.checkReplies()
	c.checkInner()
	c.checkClusters()
	c.checkSidecarAddress()
	c.checkBackends()
	c.checkConnections()
	c.checkTransport()
	c.checkTunnels()
	c.checkProxies()
	c.checkResume()
	c.checkHedge()
	c.checkTracing()
}

// checker holds the configuration, what has been found in it, and what is wrong.
type checker struct {
	*view
	want     Want
	dump     *Dump           // nil for the file of an Envoy
	inner    *chain          // the chain with heald's filter
	filter   *filter         // heald's filter
	outer    []*routeRef     // routes that lead to inner
	assumed  map[string]bool // clusters that are taken for ways to inner
	misled   bool            // one of assumed was seen to lead elsewhere
	led      map[string]bool // clusters to which the two hops lead, also such as a dump does not have
	lds, cds bool            // listeners, clusters come by xDS: not all are visible
	problems []Problem
}

func (c *checker) problem(path, problem, consequence, fix string) {
	c.problems = append(c.problems, Problem{Path: path, Problem: problem, Consequence: consequence, Fix: fix})
}

// unless reports a problem, or a note if what is missing may come by xDS and is
// therefore not visible.
func (c *checker) unless(unseen bool, path, problem, consequence, fix string) {
	if unseen {
		c.note(path, problem+" here; it may come by xDS", consequence+", unless it does", fix)
		return
	}
	c.problem(path, problem, consequence, fix)
}

func (c *checker) note(path, problem, consequence, fix string) {
	c.problems = append(c.problems, Problem{Path: path, Problem: problem, Consequence: consequence, Fix: fix, Note: true})
}
