package bootstrap

import (
	"fmt"
	"net/netip"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/proto"
)

// templateBackend is the cluster of envoy.yaml from which the others are made.
const templateBackend = "ai-studio"

func renderClusters(b *bootstrapv3.Bootstrap, p *Params) error {
	var kept []*clusterv3.Cluster
	var template *clusterv3.Cluster
	for _, c := range b.GetStaticResources().GetClusters() {
		switch {
		case c.GetName() == healdName && len(p.Sidecars) > 0:
			if err := renderSidecars(c, p.Sidecars); err != nil {
				return err
			}
		case c.GetName() == templateBackend:
			template = c
			backends, err := renderBackends(c, p)
			if err != nil {
				return err
			}
			kept = append(kept, backends...)
			continue
		}
		kept = append(kept, c)
	}
	b.StaticResources.Clusters = kept
	return renderProxies(b, template, p)
}

func renderSidecars(c *clusterv3.Cluster, sidecars []string) error {
	addresses := make([]address, 0, len(sidecars))
	names := false
	for _, s := range sidecars {
		at, err := parseAddress(s)
		if err != nil {
			return err
		}
		names = names || !at.ip && at.pipe == ""
		addresses = append(addresses, at)
	}
	if names {
		// One name may stand for many replicas; each becomes an endpoint.
		setDiscovery(c, clusterv3.Cluster_STRICT_DNS)
	}
	c.LoadAssignment = assignment(c.GetName(), addresses...)
	return nil
}

func renderBackends(template *clusterv3.Cluster, p *Params) ([]*clusterv3.Cluster, error) {
	if len(p.Backends) == 0 {
		return []*clusterv3.Cluster{template}, changeTLS(template, func(tls *tlsv3.UpstreamTlsContext) { setCA(tls, p.CAFile) })
	}
	clusters := make([]*clusterv3.Cluster, 0, len(p.Backends))
	for _, backend := range p.Backends {
		at, err := parseEndpoint(backend.URL)
		if err != nil {
			return nil, err
		}
		c := proto.CloneOf(template)
		c.Name = backend.Name
		c.LoadAssignment = assignment(backend.Name, at.address)
		if at.ip {
			setDiscovery(c, clusterv3.Cluster_STATIC)
		}
		if err := secure(c, at, p.CAFile); err != nil {
			return nil, err
		}
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// secure sets the transport: TLS with the host's name, or plain text.
func secure(c *clusterv3.Cluster, at endpoint, caFile string) error {
	if !at.tls {
		c.TransportSocket = nil
		return speakHTTP1(c)
	}
	return changeTLS(c, func(tls *tlsv3.UpstreamTlsContext) {
		setTLSHost(tls, at.address)
		setCA(tls, caFile)
	})
}

// speakHTTP1 keeps only the options for any HTTP version: the version is
// negotiated in TLS, so without TLS it is HTTP/1.1.
func speakHTTP1(c *clusterv3.Cluster) error {
	packed := c.GetTypedExtensionProtocolOptions()[protocolOptions]
	options, ok := decode[*upstreamsv3.HttpProtocolOptions](packed)
	if !ok {
		return fmt.Errorf("cluster %s of envoy.yaml has no HTTP options", c.GetName())
	}
	options.UpstreamProtocolOptions = &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_{
		ExplicitHttpConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig{
			ProtocolConfig: &upstreamsv3.HttpProtocolOptions_ExplicitHttpConfig_HttpProtocolOptions{HttpProtocolOptions: &corev3.Http1ProtocolOptions{}},
		},
	}
	return encode(packed, options)
}

func setDiscovery(c *clusterv3.Cluster, kind clusterv3.Cluster_DiscoveryType) {
	c.ClusterDiscoveryType = &clusterv3.Cluster_Type{Type: kind}
}

func setTLSHost(tls *tlsv3.UpstreamTlsContext, at address) {
	tls.Sni = at.host
	kind := tlsv3.SubjectAltNameMatcher_DNS
	if at.ip {
		tls.Sni = "" // RFC 6066: an IP address is no server name
		kind = tlsv3.SubjectAltNameMatcher_IP_ADDRESS
	}
	for _, n := range tls.GetCommonTlsContext().GetValidationContext().GetMatchTypedSubjectAltNames() {
		n.SanType = kind
		n.Matcher = &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Exact{Exact: sanText(at)}}
	}
}

// sanText is a certificate's name as Envoy writes it.
func sanText(at address) string {
	if ip, err := netip.ParseAddr(at.host); err == nil {
		return ip.String()
	}
	return at.host
}

func setCA(tls *tlsv3.UpstreamTlsContext, file string) {
	if file != "" {
		tls.GetCommonTlsContext().GetValidationContext().GetTrustedCa().Specifier = &corev3.DataSource_Filename{Filename: file}
	}
}

func changeTLS(c *clusterv3.Cluster, change func(*tlsv3.UpstreamTlsContext)) error {
	packed := c.GetTransportSocket().GetTypedConfig()
	tls, ok := decode[*tlsv3.UpstreamTlsContext](packed)
	if !ok {
		return fmt.Errorf("cluster %s of envoy.yaml has no TLS", c.GetName())
	}
	change(tls)
	return encode(packed, tls)
}

func assignment(cluster string, addresses ...address) *endpointv3.ClusterLoadAssignment {
	group := &endpointv3.LocalityLbEndpoints{}
	for _, at := range addresses {
		group.LbEndpoints = append(group.LbEndpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: at.proto()}},
		})
	}
	return &endpointv3.ClusterLoadAssignment{ClusterName: cluster, Endpoints: []*endpointv3.LocalityLbEndpoints{group}}
}
