package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"github.com/heald-proxy/heald/policies"
)

// checkBackends checks that each backend can be reached through heald, and only
// through heald.
func (c *checker) checkBackends() {
	c.checkSteering()
	c.checkBypass()
	if c.want.Backends == nil {
		return
	}
	for _, cl := range c.clusters {
		if c.provider(cl) && !c.backend(cl.GetName()) {
			c.note(clusterPath(cl.GetName()), "looks like a provider, but no backend leads to it",
				"heald never sends a request there", fmt.Sprintf("add a backend for %q to heald.yaml, or remove the cluster", cl.GetName()))
		}
	}
}

// checkSteering checks that the inner routes lead to the backend that heald
// names in x-heald-cluster.
func (c *checker) checkSteering() {
	if c.inner.hcm.GetRouteConfig() == nil {
		return // by RDS, which is reported elsewhere
	}
	routes := c.inner.routes()
	byHeader := slices.ContainsFunc(routes, named)
	byMatch := slices.ContainsFunc(routes, func(r *routeRef) bool { return len(steers(r.route)) > 0 })
	path := c.inner.path + ".route_config"
	if !byHeader && !byMatch {
		c.problem(path, "no route leads to the backend that heald names",
			"heald's choice of a backend has no effect", "a route with cluster_header: x-heald-cluster, or routes that match the header x-heald-cluster by value")
		return
	}
	for _, backend := range c.want.Backends {
		matched := slices.ContainsFunc(routes, func(r *routeRef) bool { return slices.Contains(steers(r.route), backend) })
		if !matched && !byHeader && !slices.ContainsFunc(routes, unmatched) {
			c.problem(path, fmt.Sprintf("no route matches x-heald-cluster: %s", backend),
				"attempts at this backend get a 404", "add a route that matches it")
		} else if !matched && byHeader && c.cluster(backend) == nil {
			c.unless(c.cds, clusterPath(backend), fmt.Sprintf("there is no cluster for the backend %q", backend),
				"attempts at this backend get a 503 cluster_not_found", "add a cluster of this name, or remove the backend from heald.yaml")
		}
	}
}

// checkBypass looks for ways around heald.
func (c *checker) checkBypass() {
	for _, ch := range c.chains {
		if ch == c.inner || c.resumes(ch) {
			continue
		}
		for _, r := range ch.routes() {
			cl := c.cluster(r.cluster)
			if cl != nil && !c.leadsToInner(r.cluster) && (c.provider(cl) || slices.Contains(c.want.Backends, r.cluster)) {
				report := c.problem
				if c.dump != nil { // a mesh may have other sites at this listener
					report = c.note
				}
				report(r.field("cluster"), fmt.Sprintf("%q is a provider, reached without the inner listener", r.cluster),
					"these requests are neither translated nor healed, and go out without heald's credentials", "cluster: inner")
			}
			if named(r) {
				c.problem(r.field("cluster_header"), "the outer route goes where "+policies.HeaderCluster+" says",
					"heald has not been asked yet: the header is absent, or a client's", "cluster: inner")
			}
		}
	}
}

// checkTunnels looks for ways around heald that carry bytes instead of
// requests. A tunnel to a proxy is right if only this Envoy can enter it.
func (c *checker) checkTunnels() {
	for _, t := range c.tunnels {
		cl := c.cluster(t.filter.GetCluster())
		if to := t.filter.GetTunnelingConfig(); to != nil && t.listener.GetInternalListener() == nil && ofProvider(t.target()) {
			c.problem(t.path+".tunneling_config", fmt.Sprintf("leads to %s, for everybody who reaches the listener", to.GetHostname()),
				"traffic on this way is neither translated nor healed, and uses the gateway's access to the provider", "internal_listener: {} instead of an address")
		}
		if cl != nil && (c.provider(cl) || slices.Contains(c.want.Backends, cl.GetName())) {
			c.problem(t.path+".cluster",
				fmt.Sprintf("%q is a provider, reached without the inner listener", cl.GetName()),
				"traffic on this way is neither translated nor healed, and uses the gateway's access to the provider", "remove it, or lead it to the inner listener")
		}
	}
}

// backend reports whether a backend leads to the cluster.
func (c *checker) backend(cluster string) bool {
	if slices.Contains(c.want.Backends, cluster) {
		return true
	}
	return slices.ContainsFunc(c.inner.routes(), func(r *routeRef) bool { return r.cluster == cluster })
}

// named reports whether the route goes to the cluster that heald names.
func named(r *routeRef) bool { return strings.EqualFold(r.clusterHeader, policies.HeaderCluster) }

// unmatched reports whether the route takes requests that no other took.
func unmatched(r *routeRef) bool { return len(steers(r.route)) == 0 && r.cluster != "" }

// steers returns the backends that a route is for, if it matches by
// x-heald-cluster.
func steers(r *routev3.Route) []string {
	var backends []string
	for _, h := range r.GetMatch().GetHeaders() {
		if !strings.EqualFold(h.GetName(), policies.HeaderCluster) || h.GetInvertMatch() {
			continue
		}
		if exact := h.GetStringMatch().GetExact(); exact != "" {
			backends = append(backends, exact)
		} else if exact := olderExact(h); exact != "" {
			backends = append(backends, exact)
		}
	}
	return backends
}

// ofProvider reports whether a host is one of Google's model APIs.
func ofProvider(host string) bool {
	return host == "generativelanguage.googleapis.com" || strings.HasSuffix(host, "aiplatform.googleapis.com")
}
