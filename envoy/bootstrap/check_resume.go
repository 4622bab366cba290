package bootstrap

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"github.com/heald-proxy/heald/policies"
)

// checkResume checks the listener through which heald fetches the rest of broken
// answers, and lists of models. It bypasses heald: whoever reaches it uses the
// gateway's access to the providers.
func (c *checker) checkResume() {
	if c.want.Resume == "" {
		return
	}
	found := false
	for _, ch := range c.chains {
		if !c.resumes(ch) {
			continue
		}
		found = true
		c.checkResumeAddress(ch)
		for _, r := range ch.routes() {
			c.checkResumeRoute(r)
		}
		c.checkResumeBackends(ch)
		if !slices.ContainsFunc(ch.hcm.GetHttpFilters(), sharesConnection) {
			c.note(ch.path+".http_filters", "no set_filter_state filter shares "+policies.HeaderConnection+" with the connection pool",
				"the rest of an answer may be requested over the connection on which the answer died",
				"copy the filter heald.connection of envoy/resume.yaml")
		}
	}
	if !found {
		c.problem("static_resources.listeners", fmt.Sprintf("no listener at %s leads to the providers", c.want.Resume),
			"answers that break off are not completed, and model lists lack what the providers' own lists say", "add the listener of envoy/resume.yaml, or set resume_via in heald.yaml")
	}
}

// checkResumeAddress checks that only heald reaches the listener.
func (c *checker) checkResumeAddress(ch *chain) {
	const (
		consequence = "whoever reaches it can use the gateway's access to the providers, bypassing heald"
		socket      = "a Unix socket: address: {pipe: {path: /run/heald/resume.sock, mode: 384}}"
	)
	path := fmt.Sprintf("static_resources.listeners[%s].address", ch.listener.GetName())
	pipe := ch.listener.GetAddress().GetPipe()
	switch {
	case !private(ch.listener.GetAddress()):
		c.problem(path, "can be reached from other machines or by every process of this one", consequence, socket)
	case pipe != nil && pipe.GetMode()&0o007 != 0:
		c.problem(path+".pipe.mode", fmt.Sprintf("%#o: every user of this machine may connect", pipe.GetMode()), consequence, "mode: 384, which is 0600")
	case pipe == nil && ch.listener.GetAddress().GetSocketAddress() != nil && !slices.ContainsFunc(ch.routes(), asksHop):
		c.problem(path, "a port without a hop secret: every process of this machine can connect", consequence,
			socket+"; or hop_secret in heald.yaml and routes that match x-heald-hop")
	}
}

// checkResumeRoute checks one route from the listener to a provider.
func (c *checker) checkResumeRoute(r *routeRef) {
	match := r.path + ".match.headers"
	if r.clusterHeader != "" {
		c.problem(r.field("cluster_header"), "leads to whatever cluster the request names",
			"whoever reaches the listener reaches every cluster of this Envoy: services inside, heald, its admin",
			"a route for each provider's cluster, with a match on x-heald-cluster, as in envoy/resume.yaml")
	} else if len(steers(r.route)) == 0 {
		c.problem(match, "takes every request, whatever "+policies.HeaderCluster+" says",
			"the rest of an answer is requested from another provider than the answer's, with the wrong credential",
			fmt.Sprintf("headers: [{name: x-heald-cluster, string_match: {exact: %s}}]", r.cluster))
	}
	switch secret, asked := hopOf(r.route); {
	case c.want.Hop != "" && !asked:
		c.problem(match, policies.HeaderHop+" is not asked for", "whoever reaches the listener may use it, not only heald",
			"add a match on "+policies.HeaderHop+" with the secret of heald.yaml")
	case asked && secret != c.want.Hop:
		c.problem(match, policies.HeaderHop+" is not the secret that heald sends", "answers that break off are not completed: heald gets a 404",
			"use one secret in both files")
	}
	levels := r.requestLevels()
	for _, name := range providerHeaders {
		if trace(levels, name).passes {
			c.problem(r.hostPath+".request_headers_to_remove", name+" passes", "the provider sees what is internal to the gateway", "list "+name+" here")
		}
	}
	if d := r.action().GetTimeout(); d == nil || d.AsDuration() != 0 {
		c.problem(r.field("timeout"), fmt.Sprintf("the rest of an answer ends after %s", durationText(d, "the default of 15s")),
			"longer ones break off again", "timeout: 0s; heald has deadlines of its own")
	}
}

// checkResumeBackends checks that each backend's answers can be completed.
func (c *checker) checkResumeBackends(ch *chain) {
	if ch.hcm.GetRouteConfig() == nil {
		return // by RDS, which is reported
	}
	for _, backend := range c.want.Backends {
		if !slices.ContainsFunc(ch.routes(), func(r *routeRef) bool {
			return named(r) || len(steers(r.route)) == 0 || slices.Contains(steers(r.route), backend)
		}) {
			c.problem(ch.path+".route_config", fmt.Sprintf("no route matches x-heald-cluster: %s", backend),
				"answers of this backend that break off are not completed", "add a route that matches it")
		} else if !slices.ContainsFunc(ch.routes(), func(r *routeRef) bool {
			return (named(r) || len(steers(r.route)) == 0 || slices.Contains(steers(r.route), backend)) && letsListsPass(r.route)
		}) {
			c.note(ch.path+".route_config", fmt.Sprintf("no route of x-heald-cluster: %s lets GET …/models pass", backend),
				"model lists lack what the provider's own list says", "match prefix: / and any method, as in envoy/resume.yaml")
		}
	}
}

// listPaths are those of the lists of models, of AI Studio and of Vertex AI.
var listPaths = []string{"/v1beta/models", "/v1beta1/publishers/google/models"}

// letsListsPass reports whether a route takes a request for a list of models.
// If the route alone does not say, the answer is yes.
func letsListsPass(r *routev3.Route) bool {
	m := r.GetMatch()
	for _, h := range m.GetHeaders() {
		method := cmp.Or(h.GetStringMatch().GetExact(), olderExact(h))
		if h.GetName() == ":method" && method != "" && (method == http.MethodGet) == h.GetInvertMatch() {
			return false
		}
	}
	return slices.ContainsFunc(listPaths, func(path string) bool {
		switch m.GetPathSpecifier().(type) {
		case *routev3.RouteMatch_Prefix:
			return strings.HasPrefix(path, m.GetPrefix())
		case *routev3.RouteMatch_Path:
			return path == m.GetPath()
		case *routev3.RouteMatch_SafeRegex:
			whole, err := regexp.Compile("^(?:" + m.GetSafeRegex().GetRegex() + ")$")
			return err != nil || whole.MatchString(path)
		}
		return true
	})
}

// hopOf returns the hop secret that a route asks for, if it asks for one.
func hopOf(r *routev3.Route) (secret string, asked bool) {
	for _, h := range r.GetMatch().GetHeaders() {
		if strings.EqualFold(h.GetName(), policies.HeaderHop) && !h.GetInvertMatch() {
			if exact := olderExact(h); exact != "" {
				return exact, true
			}
			return h.GetStringMatch().GetExact(), true
		}
	}
	return "", false
}

func asksHop(r *routeRef) bool {
	secret, asked := hopOf(r.route)
	return asked && secret != ""
}

// resumes reports whether a chain is the one through which the rest of broken
// answers is fetched, which bypasses heald on purpose.
func (c *checker) resumes(ch *chain) bool {
	return c.want.Resume != "" && ch != c.inner && sameAddress(ch.listener.GetAddress(), c.want.Resume) &&
		!slices.ContainsFunc(ch.routes(), func(r *routeRef) bool { return c.leadsToInner(r.cluster) })
}

// sameAddress reports whether a listener's address is via. A name may stand for
// any address.
func sameAddress(a *corev3.Address, via string) bool {
	at, err := parseAddress(via)
	if err != nil {
		return false
	}
	if at.pipe != "" {
		return a.GetPipe().GetPath() == at.pipe
	}
	s := a.GetSocketAddress()
	ip, err := netip.ParseAddr(s.GetAddress())
	return s.GetPortValue() == at.port && (s.GetAddress() == at.host || !at.ip || err == nil && ip.IsUnspecified())
}

// private reports whether only this machine reaches the address. The name of
// an abstract socket (@name) has no file, and so no owner.
func private(a *corev3.Address) bool {
	if strings.HasPrefix(a.GetPipe().GetPath(), "/") || a.GetEnvoyInternalAddress() != nil {
		return true
	}
	ip, err := netip.ParseAddr(a.GetSocketAddress().GetAddress())
	return err == nil && ip.IsLoopback()
}
