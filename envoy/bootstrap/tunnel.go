package bootstrap

import (
	"fmt"
	"net"
	"slices"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	tcpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
)

// tunnel is a filter that carries bytes instead of requests.
type tunnel struct {
	listener *listenerv3.Listener
	filter   *tcpproxyv3.TcpProxy
	path     string // of the filter
}

func (v *view) addTunnels(l *listenerv3.Listener, fc *listenerv3.FilterChain, path string) {
	for i, f := range fc.GetFilters() {
		if t, ok := decode[*tcpproxyv3.TcpProxy](f.GetTypedConfig()); ok {
			v.tunnels = append(v.tunnels, &tunnel{l, t, fmt.Sprintf("%s.filters[%s].typed_config", path, itemLabel(f.ProtoReflect(), i))})
		}
	}
}

// tunnelOf returns the tunnel through a CONNECT proxy that a cluster's
// connections enter; nil if they enter none.
func (v *view) tunnelOf(cl *clusterv3.Cluster) *tunnel {
	for _, a := range addresses(cl) {
		for _, t := range v.tunnels {
			name := a.GetEnvoyInternalAddress().GetServerListenerName()
			if name != "" && name == t.listener.GetName() && t.filter.GetTunnelingConfig() != nil {
				return t
			}
		}
	}
	return nil
}

// target is the host at the far end of the proxy.
func (t *tunnel) target() string {
	name := t.filter.GetTunnelingConfig().GetHostname()
	if host, _, err := net.SplitHostPort(name); err == nil {
		return host
	}
	return name
}

// hosts are those that a cluster leads to, past all proxies.
func (v *view) hosts(cl *clusterv3.Cluster) []string {
	if t := v.tunnelOf(cl); t != nil {
		return []string{t.target()}
	}
	var all []string
	for _, a := range addresses(cl) {
		if host := a.GetSocketAddress().GetAddress(); host != "" {
			all = append(all, host)
		}
	}
	return all
}

// provider reports whether a cluster leads to Google's model APIs.
func (v *view) provider(cl *clusterv3.Cluster) bool {
	return slices.ContainsFunc(v.hosts(cl), ofProvider)
}
