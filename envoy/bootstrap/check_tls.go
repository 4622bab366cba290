package bootstrap

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// checkTransport checks that keys and prompts cannot be read on the way to
// providers and to heald.
func (c *checker) checkTransport() {
	for _, cl := range c.clusters {
		if c.provider(cl) || slices.Contains(c.want.Backends, cl.GetName()) {
			c.checkProviderTLS(cl)
		}
	}
	c.checkHealdTLS()
}

// checkProviderTLS checks that connections to a provider cannot lead to anybody else.
func (c *checker) checkProviderTLS(cl *clusterv3.Cluster) {
	if plaintext(cl) {
		if host := c.remote(cl); host != "" {
			c.problem(clusterPath(cl.GetName())+".transport_socket", fmt.Sprintf("%s is reached in plain text", host), "keys and prompts can be read on the way",
				"copy transport_socket of envoy.yaml's cluster `ai-studio`")
		}
		return
	}
	for _, s := range sockets(cl) {
		if tls, ok := decode[*tlsv3.UpstreamTlsContext](s.socket.GetTypedConfig()); ok {
			c.checkTLS(cl, tls, clusterPath(cl.GetName())+"."+s.field+".typed_config")
		} // another kind is perhaps a mesh's own
	}
}

func (c *checker) checkTLS(cl *clusterv3.Cluster, tls *tlsv3.UpstreamTlsContext, path string) {
	const stranger = "whoever is on the way can pose as the provider, and gets keys and prompts"
	http, _ := decode[*upstreamsv3.HttpProtocolOptions](cl.GetTypedExtensionProtocolOptions()[protocolOptions])
	auto := http.GetUpstreamHttpProtocolOptions()
	common := tls.GetCommonTlsContext()
	names := common.GetValidationContext()
	if names == nil {
		names = common.GetCombinedValidationContext().GetDefaultValidationContext()
	}
	bySDS := common.GetValidationContextSdsSecretConfig() != nil || common.GetCombinedValidationContext().GetValidationContextSdsSecretConfig() != nil
	if !bySDS && names.GetTrustedCa() == nil && names.GetSystemRootCerts() == nil && names.GetCaCertificateProviderInstance() == nil {
		c.problem(path+".common_tls_context.validation_context.trusted_ca", "none: Envoy accepts any certificate", stranger,
			"trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}")
	}
	if !bySDS && len(names.GetMatchTypedSubjectAltNames()) == 0 && !auto.GetAutoSanValidation() && !tls.GetAutoSniSanValidation() {
		c.problem(path+".common_tls_context.validation_context.match_typed_subject_alt_names", "none: Envoy accepts a certificate for any host", stranger,
			"match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: the provider's host}}]")
	}
	if tls.GetSni() == "" && !auto.GetAutoSni() && !tls.GetAutoHostSni() && !c.byAddress(cl) {
		c.problem(path+".sni", "none", "Google's front end answers with a certificate of another host, or refuses", "sni: the provider's host")
	}
}

// plaintext reports whether some of a cluster's connections are not encrypted.
func plaintext(cl *clusterv3.Cluster) bool {
	return slices.ContainsFunc(sockets(cl), func(s socket) bool {
		return s.socket == nil || strings.HasSuffix(s.socket.GetTypedConfig().GetTypeUrl(), ".raw_buffer.v3.RawBuffer")
	})
}

// socket is a transport socket of a cluster, and its field; nil for plain text.
type socket struct {
	socket *corev3.TransportSocket
	field  string
}

// chosenBy is where an endpoint's metadata says which transport socket is for it.
const chosenBy = "envoy.transport_socket_match"

// sockets are the transport sockets that a cluster's endpoints use. Of one
// without visible endpoints it is the first, which is the one that encrypts in
// what meshes write.
func sockets(cl *clusterv3.Cluster) []socket {
	byDefault := socket{cl.GetTransportSocket(), "transport_socket"}
	matches := cl.GetTransportSocketMatches()
	if len(matches) == 0 {
		return []socket{byDefault}
	}
	var all []socket
	for _, group := range cl.GetLoadAssignment().GetEndpoints() {
		for _, e := range group.GetLbEndpoints() {
			chosen := byDefault
			for i, m := range matches {
				if meets(m.GetMatch(), e.GetMetadata().GetFilterMetadata()[chosenBy]) || meets(m.GetMatch(), group.GetMetadata().GetFilterMetadata()[chosenBy]) {
					chosen = socket{m.GetTransportSocket(), fmt.Sprintf("transport_socket_matches[%s].transport_socket", itemLabel(m.ProtoReflect(), i))}
					break
				}
			}
			if !slices.Contains(all, chosen) {
				all = append(all, chosen)
			}
		}
	}
	if len(all) == 0 {
		return []socket{{matches[0].GetTransportSocket(), fmt.Sprintf("transport_socket_matches[%s].transport_socket", itemLabel(matches[0].ProtoReflect(), 0))}}
	}
	return all
}

// meets reports whether metadata has all that a match asks for.
func meets(match, metadata *structpb.Struct) bool {
	for k, want := range match.GetFields() {
		if got := metadata.GetFields()[k]; got == nil || !proto.Equal(got, want) {
			return false
		}
	}
	return true
}

// remote returns the first host that a cluster leads to and that is not this
// machine; "" if there is none, or none is visible.
func (v *view) remote(cl *clusterv3.Cluster) string {
	for _, host := range v.hosts(cl) {
		if !loopback(host) {
			return host
		}
	}
	return ""
}

// byAddress reports whether a cluster's endpoints have no names: an IP address
// is no server name (RFC 6066).
func (v *view) byAddress(cl *clusterv3.Cluster) bool {
	return !slices.ContainsFunc(v.hosts(cl), func(host string) bool {
		_, err := netip.ParseAddr(host)
		return err != nil
	})
}

func addresses(cl *clusterv3.Cluster) []*corev3.Address {
	var all []*corev3.Address
	for _, group := range cl.GetLoadAssignment().GetEndpoints() {
		for _, e := range group.GetLbEndpoints() {
			all = append(all, e.GetEndpoint().GetAddress())
		}
	}
	return all
}
