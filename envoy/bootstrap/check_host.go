package bootstrap

import (
	"fmt"
	"net"
	"slices"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
)

// checkHosts checks that the inner listener's virtual hosts take the host that
// comes from outside, and the one that heald sets.
func (c *checker) checkHosts() {
	rc := c.inner.hcm.GetRouteConfig()
	if len(rc.GetVirtualHosts()) == 0 || slices.ContainsFunc(rc.GetVirtualHosts(), func(vh *routev3.VirtualHost) bool { return slices.Contains(vh.GetDomains(), "*") }) {
		return
	}
	at := fmt.Sprintf("%s.route_config.virtual_hosts[%s].domains", c.inner.path, itemLabel(rc.GetVirtualHosts()[0].ProtoReflect(), 0))
	if !c.want.RouteAuthority && c.filter.config.GetMutationRules().GetAllowAllRouting().GetValue() {
		c.problem(at, "requests are taken by their host, but heald changes :authority to the provider's, after which Envoy looks for the route again",
			"every attempt ends with a 404", "authority: route in heald.yaml, and a host rewrite on the inner routes; or the domain *")
	}
	for _, r := range uniq(c.outer) {
		host := r.action().GetHostRewriteLiteral()
		hosts := []string{host}
		if host == "" {
			if r.action().GetHostRewriteSpecifier() != nil {
				continue // made of what is not visible here
			}
			hosts = r.host.GetDomains()
		}
		for _, h := range hosts {
			what, consequence := fmt.Sprintf("requests go to the inner listener as %q, which none of its virtual hosts takes", h), "every request ends with a 404"
			wildcard := strings.Contains(h, "*")
			if wildcard {
				what, consequence = fmt.Sprintf("requests go to the inner listener under any host (%s), which its virtual hosts do not take", h), "requests end with a 404"
			}
			if wildcard || !takes(rc, h) {
				c.problem(r.field("host_rewrite_literal"), what, consequence, "rewrite the host to one of the inner listener's domains, or give it the domain *")
				break
			}
		}
	}
}

// takes reports whether one of the virtual hosts takes a host that is written out.
func takes(rc *routev3.RouteConfiguration, host string) bool {
	bare := host
	if rc.GetIgnorePortInHostMatching() {
		if name, _, err := net.SplitHostPort(host); err == nil {
			bare = name
		}
	}
	for _, vh := range rc.GetVirtualHosts() {
		for _, domain := range vh.GetDomains() {
			suffix, isSuffix := strings.CutPrefix(domain, "*")
			prefix, isPrefix := strings.CutSuffix(domain, "*")
			if name := strings.ToLower(bare); strings.ToLower(domain) == name ||
				isSuffix && strings.HasSuffix(name, strings.ToLower(suffix)) || isPrefix && strings.HasPrefix(name, strings.ToLower(prefix)) {
				return true
			}
		}
	}
	return false
}
