package bootstrap

import (
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
)

// clientHeaders may not come from clients. The route may set some of them
// itself.
var clientHeaders = []struct{ name, consequence string }{
	{policies.HeaderMemory, "clients can send memory of attempts that were never made"},
	{policies.HeaderUnreached, "clients can cause a request that kills replicas to be tried again"},
	{policies.HeaderCluster, "clients can name the cluster that their request goes to"},
	{policies.HeaderConnection, "clients can open a new connection to the provider with each of their requests"},
	{policies.HeaderPolicy, "clients can choose the policy that applies to them"},
	{policies.HeaderSet, "clients can override settings of their policy"},
	{policies.HeaderBackends, "clients can name backends, and get credentials sent there"},
	{policies.HeaderHop, "clients can try secrets, or a stolen one works from anywhere"},
}

// replyHeaders are for the outer router only.
var replyHeaders = []string{policies.HeaderRetry, policies.HeaderRetryAfter, policies.HeaderVerdict, policies.HeaderMemory}

// providerHeaders must not reach a provider.
var providerHeaders = []string{
	policies.HeaderCluster, policies.HeaderConnection, policies.HeaderMemory, policies.HeaderUnreached, policies.HeaderPolicy,
	policies.HeaderSet, policies.HeaderBackends, policies.HeaderHop,
}

// checkOuterHeaders checks what passes between client and inner listener.
func (c *checker) checkOuterHeaders(r *routeRef) {
	for _, h := range clientHeaders {
		f := r.request(h.name)
		if f.lostAt != "" {
			c.problem(f.lostAt+".request_headers_to_remove", h.name+" is removed after a more specific level has set it",
				"heald never sees what the route sets",
				"remove it at the level where it is set: Envoy goes from route to virtual host, and at each level removes before it adds")
		} else if f.passes {
			c.problem(r.path+".request_headers_to_remove", h.name+" of a client passes", h.consequence,
				"list "+h.name+" here; what request_headers_to_add sets here stays")
		}
	}
	c.checkReplyHeaders(r, "the client sees headers that are internal to the gateway")
}

// checkReplyHeaders checks that heald's internal headers do not leave the
// route.
func (c *checker) checkReplyHeaders(r *routeRef, consequence string) {
	levels := r.responseLevels()
	for _, name := range replyHeaders {
		if trace(levels, name).passes {
			c.problem(r.hostPath+".response_headers_to_remove", name+" passes", consequence, "list "+name+" here")
		}
	}
}

// checkHop checks the secret that shows heald that a request came through the
// outer listener. It never prints the secret.
func (c *checker) checkHop(r *routeRef) {
	f := r.request(policies.HeaderHop)
	path := r.path + ".request_headers_to_add"
	if !c.checkHopRoutes(r, f) {
		return
	}
	if c.want.Hop == "" {
		c.checkReachable(path, f)
		return
	}
	literal := strings.ReplaceAll(f.value, "%%", "%")
	computed := strings.Contains(strings.ReplaceAll(f.value, "%%", ""), "%")
	switch {
	case !f.set:
		c.problem(path, "no "+policies.HeaderHop+" is sent", "heald refuses every request: it expects the hop secret",
			"add header "+policies.HeaderHop+" with the secret of heald.yaml and append_action: OVERWRITE_IF_EXISTS_OR_ADD")
	case !computed && literal != c.want.Hop:
		c.problem(path, policies.HeaderHop+" is not the secret that heald expects", "heald refuses every request", "use one secret in both files")
	}
}

// checkReachable checks that an inner listener which other machines reach asks
// for a secret. A dump shows where the listener really is.
func (c *checker) checkReachable(path string, f outcome) {
	asked := len(c.inner.routes()) > 0 && !slices.ContainsFunc(c.inner.routes(), func(r *routeRef) bool { return !asksHop(r) })
	if c.inner.private() || f.set && (c.dump == nil || asked) {
		return
	}
	report := c.note
	if c.dump != nil {
		report = c.problem
	}
	report(path, "no "+policies.HeaderHop+" is sent, and the inner listener can be reached from outside of this proxy",
		"whoever reaches that port can use heald's credentials, without the outer listener's limits",
		"bind the inner listener to 127.0.0.1 or make it an internal_listener, or set a hop secret here and in heald.yaml")
}

// checkHopRoutes checks that inner routes which ask for a secret get it. It never
// prints one.
func (c *checker) checkHopRoutes(r *routeRef, f outcome) bool {
	for _, inner := range c.inner.routes() {
		secret, asked := hopOf(inner.route)
		if !asked || secret == "" || f.set && (secret == strings.ReplaceAll(f.value, "%%", "%") || strings.Contains(strings.ReplaceAll(f.value, "%%", ""), "%")) {
			continue
		}
		what := "is another secret than the inner route asks for"
		if !f.set {
			what = "is not sent, but the inner route asks for it"
		}
		c.problem(r.path+".request_headers_to_add", policies.HeaderHop+" "+what, "every request ends with a 404",
			"set "+policies.HeaderHop+" here to the secret that the inner route matches")
		return false
	}
	return true
}

// private reports whether only this host can reach the listener.
func (ch *chain) private() bool {
	if ch.listener.GetInternalListener() != nil || ch.listener.GetAddress().GetPipe() != nil {
		return true
	}
	return loopback(ch.listener.GetAddress().GetSocketAddress().GetAddress())
}
