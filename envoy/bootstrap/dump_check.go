package bootstrap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"github.com/heald-proxy/heald/policies"
)

// Check lists what in the dump does not fit heald, in the order of a request's
// way. Only the two hops are looked at: the listener with heald's filter, and
// the routes that lead to it. What else the Envoy serves is none of heald's
// business.
func (d *Dump) Check(want Want) []Problem {
	c := &checker{view: newView(d.all), want: want.withDefaults(), dump: d, lds: !d.listeners, cds: !d.clusters}
	for _, ch := range c.chains {
		ch.numbered = true
	}
	if c.findInner() {
		c.findOuter()
		c.prune()
		c.checkParts(d.all)
		c.checkHops()
	}
	c.checkRejected()
	mesh := d.mesh()
	out := make([]Problem, 0, len(c.problems))
	for _, p := range c.problems {
		if hint := mesh.fix(p.Path); hint != "" && !p.Note {
			p.Fix += "; " + hint
		}
		p.Path = c.place(p.Path)
		if !slices.Contains(out, p) { // two filter chains may have the same routes
			out = append(out, p)
		}
	}
	return out
}

// CheckDumps checks several Envoys: those that have one of heald's two hops, if
// there are any. What is said of each of them is said once, with the names of
// all.
func CheckDumps(dumps []*Dump, want Want) []Problem {
	var both, inner, outer []*Dump
	for _, d := range dumps {
		switch has, asks := d.hops(); {
		case has && asks:
			both = append(both, d)
		case has:
			inner = append(inner, d)
		case asks:
			outer = append(outer, d)
		}
	}
	if len(inner) > 0 && len(outer) > 0 { // two gateways, one for each hop; replicas of one are alike
		for _, from := range outer {
			both = append(both, from.with(inner[0]))
		}
		for _, to := range inner[1:] {
			both = append(both, outer[0].with(to))
		}
		inner, outer = nil, nil
	}
	if some := slices.Concat(both, inner, outer); len(some) > 0 {
		dumps = some
	}
	if len(dumps) == 1 {
		return dumps[0].Check(want)
	}
	var out []Problem
	names := map[Problem][]string{}
	for _, d := range dumps {
		for _, p := range d.Check(want) {
			if names[p] == nil {
				out = append(out, p)
			}
			names[p] = append(names[p], d.Name)
		}
	}
	for i, p := range out {
		out[i].Path = strings.Join(names[p], ", ") + ": " + p.Path
	}
	return out
}

// hops reports whether the Envoy has a filter of heald, and routes that ask for
// heald's retries.
func (d *Dump) hops() (filter, asks bool) {
	c := &checker{view: newView(d.all), dump: d}
	filter = len(c.onTheWay(c.healdFilters())) > 0
	for _, ch := range c.chains {
		asks = asks || slices.ContainsFunc(ch.routes(), asksHeald)
	}
	return filter, asks
}

// with is an Envoy with the outer hop together with one that has the inner hop.
func (d *Dump) with(inner *Dump) *Dump {
	both := *d
	both.Name, both.apart = d.Name+" and "+inner.Name, true
	own, other := d.all.GetStaticResources(), inner.all.GetStaticResources()
	both.all = &bootstrapv3.Bootstrap{
		Node: d.all.GetNode(), Admin: d.all.GetAdmin(), StatsConfig: d.all.GetStatsConfig(),
		StaticResources: &bootstrapv3.Bootstrap_StaticResources{
			Listeners: slices.Concat(own.GetListeners(), other.GetListeners()),
			Clusters:  slices.Concat(own.GetClusters(), other.GetClusters()),
		},
	}
	both.rejected, both.unread = slices.Concat(d.rejected, inner.rejected), slices.Concat(d.unread, inner.unread)
	return &both
}

// findOuter finds the routes that lead to the inner listener. Where the dump has
// no endpoints, a cluster counts whose route asks for heald's retries.
func (c *checker) findOuter() {
	unseen := false
	for _, ch := range c.chains {
		if ch == c.inner {
			continue
		}
		unseen = unseen || ch.hcm.GetRouteConfig() == nil
		for _, r := range ch.routes() {
			if c.leadsToInner(r.cluster) {
				c.outer = append(c.outer, r)
			}
		}
	}
	found := len(c.outer) > 0
	c.lds = c.lds || !found && unseen
	for _, ch := range c.chains {
		if ch == c.inner {
			continue
		}
		for _, r := range ch.routes() {
			if asksHeald(r) && !c.leadsTo(c.inner, r.cluster) {
				c.findAstray(r, found)
			}
		}
	}
}

// findAstray looks at a route that asks for heald's retries and does not lead to
// the inner listener, as far as can be seen. If no other does (found), it is
// taken for the outer route.
func (c *checker) findAstray(r *routeRef, found bool) {
	cl := c.cluster(r.cluster)
	hidden := cl != nil && len(addresses(cl)) == 0 && cl.GetType() == clusterv3.Cluster_EDS && !c.dump.endpoints
	switch {
	case r.cluster == "", found && (hidden || c.dump.apart): // it may lead to another one of heald's listeners
		return
	case hidden:
		if !c.assumed[r.cluster] {
			c.note(clusterPath(r.cluster), "its endpoints are not in the dump; it was taken for the way to heald's listener, since its route asks for heald's retries",
				"if it leads elsewhere, no request reaches heald", "a dump with endpoints: /config_dump?include_eds")
		}
		c.assume(r)
		return
	case cl != nil && c.dump.apart:
		if !c.assumed[r.cluster] {
			c.note(r.field("cluster"), "leads to another Envoy; it was taken for the way to heald's listener there", "if it leads elsewhere, no request reaches heald",
				"heald check --probe, which sends a request")
		}
		c.assume(r)
		return
	case cl == nil:
		c.problem(r.field("cluster"), fmt.Sprintf("asks for heald's retries, but there is no cluster %q", r.cluster),
			"every request ends with a 503 cluster_not_found", "a cluster whose endpoint is the listener "+c.inner.listener.GetName())
	default:
		c.problem(r.field("cluster"), fmt.Sprintf("asks for heald's retries, but %q does not lead to heald's listener %q", r.cluster, c.inner.listener.GetName()),
			"requests do not reach heald", "lead it to "+listensWhere(c.inner))
	}
	if !found {
		c.misled = true
		c.assume(r)
	}
}

// assume takes a route for one that leads to the inner listener.
func (c *checker) assume(r *routeRef) {
	if c.assumed == nil {
		c.assumed = map[string]bool{}
	}
	c.assumed[r.cluster] = true
	c.outer = append(c.outer, r)
}

// asksHeald reports whether a route says by its retries or headers that it is
// for heald.
func asksHeald(r *routeRef) bool {
	t := r.retry()
	return t.mark || t.stamp || trace(r.requestLevels(), policies.HeaderPolicy).set || r.request(policies.HeaderHop).set
}

func listensWhere(ch *chain) string {
	if s := ch.listener.GetAddress().GetSocketAddress(); s != nil {
		return fmt.Sprintf("%s, port %d", s.GetAddress(), s.GetPortValue())
	}
	return "listener " + ch.listener.GetName()
}

// prune leaves only what belongs to the two hops.
func (c *checker) prune() {
	hops := map[*chain]bool{c.inner: true}
	for _, r := range c.outer {
		hops[r.chain] = true
	}
	c.chains = slices.DeleteFunc(c.chains, func(ch *chain) bool { return !hops[ch] && !c.resumes(ch) })
	used := map[string]bool{c.filter.cluster(): true}
	for _, r := range c.outer {
		used[r.cluster] = true
	}
	for _, ch := range c.chains {
		for _, r := range ch.routes() {
			if ch == c.inner || c.resumes(ch) {
				used[r.cluster] = true
			}
		}
	}
	if slices.ContainsFunc(c.inner.routes(), named) {
		for _, backend := range c.want.Backends {
			used[backend] = true
		}
	}
	// A cluster may lead to a tunnel, and that to a proxy.
	for range 2 {
		for _, cl := range c.clusters {
			if t := c.tunnelOf(cl); t != nil && used[cl.GetName()] {
				used[t.filter.GetCluster()] = true
			}
		}
	}
	c.led = used
	c.clusters = slices.DeleteFunc(slices.Clone(c.clusters), func(cl *clusterv3.Cluster) bool { return !used[cl.GetName()] })
	c.tunnels = slices.DeleteFunc(c.tunnels, func(t *tunnel) bool { return !used[t.filter.GetCluster()] || t.listener.GetInternalListener() == nil })
}

// harmless are extensions of meshes that heald does not know, but that neither
// change bodies nor retry.
var harmless = []string{
	"istio.", "stats.PluginConfig", "envoy.tcp.metadataexchange.config.MetadataExchange",
	"envoy.extensions.filters.http.peer_metadata", "envoy.extensions.internal_redirect.", "envoy.extensions.load_balancing_policies.",
	"envoy.extensions.access_loggers.",
}

// checkOpaques notes the extensions of the two hops that could not be read.
func (c *checker) checkOpaques() {
	for _, ch := range c.chains {
		for _, o := range opaques(ch.hcm, ch.path) {
			if o.url == "" {
				continue // an empty one, which switches a filter on
			}
			name := o.url[strings.LastIndexByte(o.url, '/')+1:]
			if !slices.ContainsFunc(harmless, func(known string) bool { return strings.HasPrefix(strings.TrimPrefix(name, "io."), known) }) {
				c.opaque(o)
			}
		}
	}
}

func (c *checker) opaque(o opaque) {
	c.note(o.path, fmt.Sprintf("the type %s is not known to heald", o.url),
		"what it does was not checked", "make sure that it neither changes bodies nor retries requests")
}

// checkRejected reports updates that Envoy did not take, and what could not be
// read: of the two hops, or of all if these were not found.
func (c *checker) checkRejected() {
	all := c.inner == nil || len(c.outer) == 0
	for _, r := range c.dump.rejected {
		if all || c.concerns(r.name) {
			report := c.problem
			if !c.concerns(r.name) {
				report = c.note // it may be the reason, or another site's
			}
			report(r.kind+" "+r.name, "Envoy has refused its last update: "+c.quoted(r.why),
				"what runs is older than what the mesh's resources say", "correct the resource that makes it; a patch of Envoy's configuration is likely the cause")
		}
	}
	for _, r := range c.dump.unread {
		if all || r.name == "" || c.concerns(r.name) {
			c.note(strings.TrimSpace(r.kind+" "+r.name), "could not be read: "+r.why, "it was not checked", "a newer heald, if this Envoy is newer")
		}
	}
	if c.inner == nil || c.dump.routes {
		return
	}
	if slices.ContainsFunc(c.chains, func(ch *chain) bool { return ch.hcm.GetRouteConfig() == nil }) {
		c.note("routes", "not in the dump", "they were not checked", "all of /config_dump?include_eds")
	}
}

// concerns reports whether a listener, route configuration or cluster of that
// name belongs to the two hops.
func (c *checker) concerns(name string) bool {
	for _, ch := range c.chains {
		routes := ch.hcm.GetRds().GetRouteConfigName() // those that the dump does not have, or that could not be read
		if ch.listener.GetName() == name || ch.hcm.GetRouteConfig().GetName() == name || name != "" && routes == name {
			return true
		}
	}
	return c.led[name] || slices.ContainsFunc(c.clusters, func(cl *clusterv3.Cluster) bool { return cl.GetName() == name })
}

// mayBeSecret matches names in a configuration whose values may be secrets.
var mayBeSecret = regexp.MustCompile(`(?i)inline_(?:string|bytes)|pass(?:word|phrase)|private_key|client_secret|authorization|x-api-key|x-heald-hop`)

// quoted is the beginning of what Envoy says of an update, which may quote a whole
// configuration: up to the first value that may be a secret, and without what a
// terminal would obey.
func (c *checker) quoted(s string) string {
	const enough = 300
	if at := mayBeSecret.FindStringIndex(s); at != nil {
		s = s[:at[1]] + " [the rest may be secret]"
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if c.want.Hop != "" {
		s = strings.ReplaceAll(s, c.want.Hop, "[redacted]")
	}
	if len(s) > enough {
		return strings.ToValidUTF8(s[:enough], "") + "…"
	}
	return s
}

// place writes a path as people look for it in a mesh: by the names of listener,
// route configuration, virtual host and route.
func (c *checker) place(path string) string {
	for _, ch := range c.chains {
		rest, ok := strings.CutPrefix(path, ch.path)
		if !ok {
			continue
		}
		if below, ok := strings.CutPrefix(rest, ".route_config"); ok {
			return routePlace(ch.hcm.GetRouteConfig(), below)
		}
		at := "listener " + ch.listener.GetName()
		if len(chainsOf(ch.listener, "")) > 1 {
			chainAt, _, _ := strings.Cut(ch.path, ".filters[")
			at += ", " + chainAt[strings.LastIndexByte(chainAt, '.')+1:]
		}
		return withField(at, rest)
	}
	for _, kind := range []struct{ prefix, kind string }{{"static_resources.listeners", "listener"}, {"static_resources.clusters", "cluster"}} {
		rest, ok := strings.CutPrefix(path, kind.prefix)
		if !ok {
			continue
		}
		name, below, found := bracket(rest)
		if !found {
			return kind.kind + "s"
		}
		return withField(kind.kind+" "+name, below)
	}
	return path
}

func routePlace(rc *routev3.RouteConfiguration, below string) string {
	at := "route configuration " + rc.GetName()
	for _, step := range []struct{ list, kind string }{{".virtual_hosts", "virtual host"}, {".routes", "route"}} {
		rest, ok := strings.CutPrefix(below, step.list)
		if !ok {
			break
		}
		name, rest, ok := bracket(rest)
		if !ok {
			break
		}
		at, below = at+", "+step.kind+" "+name, rest
	}
	return withField(at, below)
}

func withField(at, below string) string {
	if below = strings.TrimPrefix(below, "."); below == "" {
		return at
	}
	return at + ": " + below
}

// bracket splits "[name].rest". A name may have brackets in it.
func bracket(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return "", s, false
	}
	for i := range len(s) {
		if s[i] == ']' && (i+1 == len(s) || s[i+1] == '.' || s[i+1] == '[') {
			return s[1:i], s[i+1:], true
		}
	}
	return "", s, false
}

// Heald is the name of the cluster that leads to heald; "" if no filter was
// found that talks to heald.
func (d *Dump) Heald() string {
	c := &checker{view: newView(d.all), dump: d}
	if !c.findInner() {
		return ""
	}
	return c.filter.cluster()
}
