package bootstrap

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// checkProxies checks connections to providers through CONNECT proxies.
func (c *checker) checkProxies() {
	for _, cl := range c.clusters {
		if !c.provider(cl) && !slices.Contains(c.want.Backends, cl.GetName()) {
			continue
		}
		want := c.want.Proxies[cl.GetName()]
		if t := c.tunnelOf(cl); t != nil {
			c.checkTunnel(t)
			c.checkTarget(cl, t)
			c.checkProxy(cl, t, want)
		} else if want != "" && direct(cl) {
			c.problem(clusterPath(cl.GetName())+".load_assignment", "goes out directly, and not through the proxy "+want+" of heald.yaml",
				"if only the proxy leads outside, every attempt fails; if not, the proxy is bypassed",
				"the listener and the clusters of envoy/proxy.yaml, which `heald envoy` renders; or remove proxy from heald.yaml")
		} else if want != "" {
			c.checkEntrance(cl)
		}
	}
}

// checkEntrance checks the internal listener that a cluster with a proxy names
// but that is no tunnel.
func (c *checker) checkEntrance(cl *clusterv3.Cluster) {
	for _, a := range addresses(cl) {
		name := a.GetEnvoyInternalAddress().GetServerListenerName()
		if name == "" {
			continue
		}
		c.unless(c.lds, clusterPath(cl.GetName())+".load_assignment", fmt.Sprintf("no internal listener %q asks a proxy for a tunnel", name),
			"every connection to the provider fails", "the listener of envoy/proxy.yaml, with this name and a tunneling_config")
	}
}

// checkTarget checks that a tunnel leads to the host that TLS expects.
func (c *checker) checkTarget(cl *clusterv3.Cluster, t *tunnel) {
	tls, ok := decode[*tlsv3.UpstreamTlsContext](cl.GetTransportSocket().GetTypedConfig())
	if host := t.target(); ok && tls.GetSni() != "" && !strings.EqualFold(tls.GetSni(), host) && !strings.Contains(host, "%") {
		c.note(t.path+".tunneling_config.hostname", fmt.Sprintf("leads to %s, and the TLS of %s expects %s", host, cl.GetName(), tls.GetSni()),
			"unless both are the same machine, every connection to the provider fails", "hostname: "+tls.GetSni()+":443")
	}
}

// checkTunnel checks that a proxy can be asked for a tunnel.
func (c *checker) checkTunnel(t *tunnel) {
	at := t.path + ".tunneling_config"
	name := t.filter.GetTunnelingConfig().GetHostname()
	_, text, _ := net.SplitHostPort(name)
	if port, err := strconv.ParseUint(text, 10, 16); (err != nil || port == 0) && !strings.Contains(name, "%") {
		c.problem(at+".hostname", fmt.Sprintf("%q names no port", name), "proxies refuse it: every connection to the provider fails", "hostname: host:443")
	}
	for i, h := range t.filter.GetTunnelingConfig().GetHeadersToAdd() {
		if strings.EqualFold(h.GetHeader().GetKey(), proxyAuthorization) && h.GetHeader().GetValue() != "" && !strings.Contains(h.GetHeader().GetValue(), "%") {
			c.note(fmt.Sprintf("%s.headers_to_add[%d]", at, i), "a login in plain text", "whoever reads the file, or reaches Envoy's admin, has it",
				`value: "%ENVIRONMENT(HEALD_PROXY_AUTHORIZATION)%", and the variable in Envoy's environment`)
		}
	}
	if len(t.filter.GetAccessLog()) == 0 {
		c.note(t.path+".access_log", "none", "if the proxy refuses a tunnel, its reply (407, 403) is logged nowhere", "copy access_log of envoy/proxy.yaml")
	}
}

// checkProxy checks the proxy that a tunnel leads to.
func (c *checker) checkProxy(cl *clusterv3.Cluster, t *tunnel, want string) {
	name := t.filter.GetCluster()
	if name == "" {
		return // weighted, or named by a header
	}
	proxy := c.cluster(name)
	if proxy == nil {
		c.unless(c.cds, t.path+".cluster", fmt.Sprintf("there is no cluster %q", name), "every connection to the provider fails", "add the cluster of envoy/proxy.yaml")
		return
	}
	if !plaintext(proxy) {
		c.checkProviderTLS(proxy)
	}
	limits := c.limits(name)
	limits.above("max_connections", limits.t.GetMaxConnections(), "connections to the provider fail: each ends at the proxy")
	limits.above("max_pending_requests", limits.t.GetMaxPendingRequests(), "connections to the provider fail")
	limits.above("max_requests", limits.t.GetMaxRequests(), "connections to the provider fail: each is a request to the proxy")
	var found []string
	for _, a := range addresses(proxy) {
		if s := a.GetSocketAddress(); s != nil {
			found = append(found, net.JoinHostPort(s.GetAddress(), strconv.Itoa(int(s.GetPortValue()))))
		}
	}
	at := clusterPath(name) + ".load_assignment"
	switch {
	case len(found) == 0 || c.want.Proxies == nil || slices.Contains(found, want):
	case want == "" && !slices.Contains(c.want.Backends, cl.GetName()):
	case want == "":
		c.note(at, fmt.Sprintf("heald.yaml does not say that %s is reached through the proxy %s", cl.GetName(), found[0]),
			"if the proxy fails, neither errors nor the log say that it was the proxy", "proxy: http://"+found[0]+" at the backend in heald.yaml")
	default:
		c.problem(at, fmt.Sprintf("the proxy is %s, and %s in heald.yaml", found[0], want), "requests go through the first, and errors name the second", "the same proxy in both files")
	}
}

// direct reports whether a cluster connects to what its endpoints name. Other
// transports and internal listeners may do more.
func direct(cl *clusterv3.Cluster) bool {
	all := addresses(cl)
	for _, a := range all {
		if a.GetSocketAddress() == nil {
			return false
		}
	}
	return len(all) > 0 && !strings.Contains(cl.GetTransportSocket().GetTypedConfig().GetTypeUrl(), ".http_11_proxy.")
}
