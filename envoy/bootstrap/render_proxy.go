package bootstrap

import (
	"fmt"
	"net"
	"strconv"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	tcpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/heald-proxy/heald/envoy"
)

// tunnelTime is how long a connection through a proxy may take to be made: to
// the proxy, from there to the provider, and TLS.
const tunnelTime = 10 * time.Second

// tunnelName is the listener that a backend's connections enter, and
// proxyClusterName the cluster of the proxy that they leave by.
func tunnelName(backend string) string       { return "tunnel-" + backend }
func proxyClusterName(backend string) string { return "proxy-" + backend }

// renderProxies routes the backends that have a proxy through it. template is
// the cluster whose TLS is used for https proxies.
func renderProxies(b *bootstrapv3.Bootstrap, template *clusterv3.Cluster, p *Params) error {
	for _, backend := range p.Backends {
		if backend.Proxy == "" {
			continue
		}
		extra, err := Parse(envoy.Proxy)
		if err != nil {
			return err
		}
		if p.BufferLimit > 0 {
			limitBuffers(extra, uint32(p.BufferLimit))
		}
		for _, l := range extra.GetStaticResources().GetListeners() {
			if err := renderTunnel(l, &backend); err != nil {
				return err
			}
			b.StaticResources.Listeners = append(b.StaticResources.Listeners, l)
		}
		for _, c := range extra.GetStaticResources().GetClusters() {
			if err := renderProxy(c, template, &backend, p.CAFile); err != nil {
				return err
			}
			b.StaticResources.Clusters = append(b.StaticResources.Clusters, c)
		}
		for _, c := range b.GetStaticResources().GetClusters() {
			if c.GetName() == backend.Name {
				enterTunnel(c)
			}
		}
	}
	return nil
}

// renderTunnel makes a listener lead to a backend through its proxy.
func renderTunnel(l *listenerv3.Listener, backend *Backend) error {
	to, err := parseEndpoint(backend.URL)
	if err != nil {
		return err
	}
	l.Name = tunnelName(backend.Name)
	for _, fc := range l.GetFilterChains() {
		for _, f := range fc.GetFilters() {
			tunnel, ok := decode[*tcpproxyv3.TcpProxy](f.GetTypedConfig())
			if !ok {
				return fmt.Errorf("filter %s of proxy.yaml is no tcp_proxy", f.GetName())
			}
			tunnel.StatPrefix = l.GetName()
			tunnel.ClusterSpecifier = &tcpproxyv3.TcpProxy_Cluster{Cluster: proxyClusterName(backend.Name)}
			tunnel.TunnelingConfig.Hostname = net.JoinHostPort(to.host, strconv.Itoa(int(to.port)))
			if backend.ProxyAuth != "" {
				tunnel.TunnelingConfig.HeadersToAdd = []*corev3.HeaderValueOption{{
					Header:       &corev3.HeaderValue{Key: proxyAuthorization, Value: "%ENVIRONMENT(" + backend.ProxyAuth + ")%"},
					AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
				}}
			}
			if err := encode(f.GetTypedConfig(), tunnel); err != nil {
				return err
			}
		}
	}
	return nil
}

// renderProxy makes a cluster that of a backend's proxy.
func renderProxy(c, template *clusterv3.Cluster, backend *Backend, caFile string) error {
	at, err := parseProxy(backend.Proxy)
	if err != nil {
		return err
	}
	c.Name = proxyClusterName(backend.Name)
	c.LoadAssignment = assignment(c.GetName(), at.address)
	if at.ip {
		setDiscovery(c, clusterv3.Cluster_STATIC)
	}
	if !at.tls {
		return nil
	}
	c.TransportSocket = proto.CloneOf(template.GetTransportSocket())
	return changeTLS(c, func(tls *tlsv3.UpstreamTlsContext) {
		setTLSHost(tls, at.address)
		setCA(tls, caFile)
	})
}

// enterTunnel routes a cluster's connections into its tunnel.
func enterTunnel(c *clusterv3.Cluster) {
	setDiscovery(c, clusterv3.Cluster_STATIC)
	c.DnsLookupFamily = clusterv3.Cluster_AUTO
	c.ConnectTimeout = durationpb.New(tunnelTime)
	c.LoadAssignment = &endpointv3.ClusterLoadAssignment{ClusterName: c.GetName(), Endpoints: []*endpointv3.LocalityLbEndpoints{{
		LbEndpoints: []*endpointv3.LbEndpoint{{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{
			Address: &corev3.Address{Address: &corev3.Address_EnvoyInternalAddress{EnvoyInternalAddress: &corev3.EnvoyInternalAddress{
				AddressNameSpecifier: &corev3.EnvoyInternalAddress_ServerListenerName{ServerListenerName: tunnelName(c.GetName())},
			}}},
		}}}},
	}}}
}

// proxyAuthorization is the header with the login for proxies.
const proxyAuthorization = "proxy-authorization"
