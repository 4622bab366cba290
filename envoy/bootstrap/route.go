package bootstrap

import (
	"fmt"
	"slices"
	"time"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/types/known/durationpb"
)

// routeRef is one way from a listener to a cluster: a route, or one of its
// weighted clusters.
type routeRef struct {
	chain  *chain
	config *routev3.RouteConfiguration
	host   *routev3.VirtualHost
	route  *routev3.Route
	weight *routev3.WeightedCluster_ClusterWeight // nil if there is only one

	configPath, hostPath, path, weightPath string

	cluster       string // "" if named by a header or a plugin
	clusterHeader string
}

// action is what the route does; never nil.
func (r *routeRef) action() *routev3.RouteAction { return r.route.GetRoute() }

// field returns the path of a field of the route's action.
func (r *routeRef) field(name string) string { return r.path + ".route." + name }

// routes lists the ways that lead out of a chain. Redirects and direct
// responses lead nowhere.
func (ch *chain) routes() []*routeRef {
	rc := ch.hcm.GetRouteConfig()
	var refs []*routeRef
	for i, vh := range rc.GetVirtualHosts() {
		hostPath := fmt.Sprintf("%s.route_config.virtual_hosts[%s]", ch.path, itemLabel(vh.ProtoReflect(), i))
		for j, r := range vh.GetRoutes() {
			if r.GetRoute() == nil {
				continue
			}
			ref := routeRef{
				chain: ch, config: rc, host: vh, route: r,
				configPath: ch.path + ".route_config", hostPath: hostPath,
				path:          fmt.Sprintf("%s.routes[%s]", hostPath, ch.label(r, j)),
				cluster:       r.GetRoute().GetCluster(),
				clusterHeader: r.GetRoute().GetClusterHeader(),
			}
			refs = append(refs, ref.split()...)
		}
	}
	return refs
}

// label names a route. In a dump a number alone would not help to find it.
func (ch *chain) label(r *routev3.Route, i int) string {
	m := r.GetMatch()
	switch name := itemLabel(r.ProtoReflect(), i); {
	case !ch.numbered || r.GetName() != "":
		return name
	case m.GetPath() != "":
		return fmt.Sprintf("%s (path %s)", name, m.GetPath())
	case m.GetPrefix() != "":
		return fmt.Sprintf("%s (prefix %s)", name, m.GetPrefix())
	case m.GetPathSeparatedPrefix() != "":
		return fmt.Sprintf("%s (prefix %s)", name, m.GetPathSeparatedPrefix())
	default:
		return name
	}
}

// split returns a reference for each weighted cluster.
func (r routeRef) split() []*routeRef {
	weights := r.action().GetWeightedClusters().GetClusters()
	if len(weights) == 0 {
		return []*routeRef{&r}
	}
	refs := make([]*routeRef, 0, len(weights))
	for i, w := range weights {
		one := r
		one.weight = w
		one.weightPath = fmt.Sprintf("%s.route.weighted_clusters.clusters[%s]", r.path, itemLabel(w.ProtoReflect(), i))
		one.cluster, one.clusterHeader = w.GetName(), w.GetClusterHeader()
		refs = append(refs, &one)
	}
	return refs
}

// retryPolicy returns the policy in force and its path. A route's own replaces
// that of the virtual host entirely.
func (r *routeRef) retryPolicy() (*routev3.RetryPolicy, string) {
	if p := r.action().GetRetryPolicy(); p != nil || r.host.GetRetryPolicy() == nil {
		return p, r.field("retry_policy")
	}
	return r.host.GetRetryPolicy(), r.hostPath + ".retry_policy"
}

func (r *routeRef) hedgePolicy() (*routev3.HedgePolicy, string) {
	if p := r.action().GetHedgePolicy(); p != nil {
		return p, r.field("hedge_policy")
	}
	return r.host.GetHedgePolicy(), r.hostPath + ".hedge_policy"
}

// unlimited reports whether a timeout is switched off, or at least as long as
// enough.
func unlimited(d *durationpb.Duration, enough time.Duration) bool {
	return d != nil && (d.AsDuration() == 0 || d.AsDuration() > enough)
}

func durationText(d *durationpb.Duration, unset string) string {
	if d == nil {
		return unset
	}
	return d.AsDuration().String()
}

// uniq keeps one reference per route, for rules about what weighted clusters
// share.
func uniq(refs []*routeRef) []*routeRef {
	return slices.CompactFunc(slices.Clone(refs), func(a, b *routeRef) bool { return a.route == b.route })
}
