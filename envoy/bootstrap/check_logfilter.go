package bootstrap

import (
	"fmt"
	"net"
	"regexp"
	"strings"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	celv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/filters/cel/v3"
)

// sparesHost reports whether a log leaves out the requests to a host. That it is
// heald's was not checked.
func sparesHost(f *accesslogv3.AccessLogFilter) bool {
	h := f.GetHeaderFilter().GetHeader()
	return h.GetName() == ":authority" && h.GetInvertMatch()
}

// notOfHost is the part of a CEL expression that leaves out hosts, as `heald
// render istio` writes it into Istio's Telemetry.
var notOfHost = regexp.MustCompile(`^!request\.host\.matches\('([^'\\]*)'\)$`)

// leavesOutHeald reports whether a log has no request of heald: its CEL filter
// leaves out every host of the routes to heald, or all requests of the listener.
// Only what `heald render istio` writes is understood, in parts joined by &&.
func (c *checker) leavesOutHeald(f *accesslogv3.AccessLogFilter, ch *chain) bool {
	var filter celv3.ExpressionFilter
	if f.GetExtensionFilter().GetTypedConfig().UnmarshalTo(&filter) != nil {
		return false
	}
	for part := range strings.SplitSeq(filter.GetExpression(), " && ") {
		part = strings.TrimSpace(part)
		if port := ch.listener.GetAddress().GetSocketAddress().GetPortValue(); port != 0 && part == fmt.Sprintf("destination.port != %d", port) {
			return true
		}
		m := notOfHost.FindStringSubmatch(part)
		if m == nil {
			continue
		}
		hosts, err := regexp.Compile(m[1]) // RE2, as in Envoy
		if err == nil && c.healdsHosts(ch, hosts) {
			return true
		}
	}
	return false
}

// healdsHosts reports whether a pattern matches all names by which the listener's
// routes to heald are called; all its routes, while those to heald are not known.
// Addresses are not names: clients call a Service by its name.
func (c *checker) healdsHosts(ch *chain, pattern *regexp.Regexp) bool {
	refs := c.toHeald(ch)
	if len(refs) == 0 {
		refs = ch.routes()
	}
	named := false
	for _, r := range refs {
		for _, domain := range r.host.GetDomains() {
			host, _, err := net.SplitHostPort(domain)
			if err != nil {
				host = strings.Trim(domain, "[]")
			}
			if net.ParseIP(host) != nil {
				continue
			}
			if !pattern.MatchString(strings.Replace(domain, ":*", ":80", 1)) { // any port
				return false
			}
			named = true
		}
	}
	return named
}
