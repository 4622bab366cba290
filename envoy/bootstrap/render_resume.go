package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/envoy"
	"github.com/heald-proxy/heald/policies"
)

// renderResume adds the listener through which heald fetches the rest of
// broken answers: one route for each backend.
func renderResume(b *bootstrapv3.Bootstrap, p *Params) error {
	if p.Resume == "" {
		return nil
	}
	extra, err := Parse(envoy.Resume)
	if err != nil {
		return err
	}
	at, err := protoAddress(p.Resume)
	if err != nil {
		return err
	}
	if pipe := at.GetPipe(); pipe != nil {
		pipe.Mode = ownerOnly
	}
	for _, c := range newView(extra).chains {
		c.listener.Address = at
		for _, vh := range c.hcm.GetRouteConfig().GetVirtualHosts() {
			vh.Routes = resumeRoutes(vh.GetRoutes(), p)
		}
		if err := c.pack(); err != nil {
			return err
		}
	}
	b.StaticResources.Listeners = append(b.StaticResources.Listeners, extra.GetStaticResources().GetListeners()...)
	return nil
}

// ownerOnly is the mode of a socket file that only the user of Envoy may use;
// heald runs as the same user.
const ownerOnly = 0o600

// resumeRoutes makes a route for each backend after the one of resume.yaml.
func resumeRoutes(template []*routev3.Route, p *Params) []*routev3.Route {
	clusters := []string{templateBackend}
	if len(p.Backends) > 0 {
		clusters = nil
	}
	for _, backend := range p.Backends {
		clusters = append(clusters, backend.Name)
	}
	var routes []*routev3.Route
	for _, r := range template {
		for _, cluster := range clusters {
			one := proto.CloneOf(r)
			one.Name = cluster
			one.Match.Headers = []*routev3.HeaderMatcher{exactHeader(policies.HeaderCluster, cluster)}
			if p.Hop != "" {
				one.Match.Headers = append(one.Match.Headers, exactHeader(policies.HeaderHop, p.Hop))
			}
			one.GetRoute().ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: cluster}
			routes = append(routes, one)
		}
	}
	return routes
}

func exactHeader(name, value string) *routev3.HeaderMatcher {
	return &routev3.HeaderMatcher{Name: name, HeaderMatchSpecifier: &routev3.HeaderMatcher_StringMatch{
		StringMatch: &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Exact{Exact: value}},
	}}
}
