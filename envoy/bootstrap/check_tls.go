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
)

// checkTransport checks that keys and prompts cannot be read on the way to
// providers and to heald.
func (c *checker) checkTransport() {
	for _, cl := range c.clusters {
		if c.provider(cl) || slices.Contains(c.want.Backends, cl.GetName()) {
			c.checkProviderTLS(cl)
		}
	}
	if cl := c.cluster(c.filter.cluster()); cl != nil && plaintext(cl) {
		if host := c.remote(cl); host != "" {
			c.problem(clusterPath(cl.GetName())+".transport_socket", fmt.Sprintf("heald at %s is reached in plain text", host),
				"prompts, answers and the providers' keys can be read and changed on the way",
				"TLS with a client certificate, heald's listen.tls on the other side; or heald on this machine")
		}
	}
}

// checkProviderTLS checks that connections to a provider cannot lead to anybody else.
func (c *checker) checkProviderTLS(cl *clusterv3.Cluster) {
	path := clusterPath(cl.GetName()) + ".transport_socket"
	if plaintext(cl) {
		if host := c.remote(cl); host != "" {
			c.problem(path, fmt.Sprintf("%s is reached in plain text", host), "keys and prompts can be read on the way",
				"copy transport_socket of envoy.yaml's cluster `ai-studio`")
		}
		return
	}
	tls, ok := decode[*tlsv3.UpstreamTlsContext](cl.GetTransportSocket().GetTypedConfig())
	if !ok {
		return // another kind, perhaps a mesh's own
	}
	const stranger = "whoever is on the way can pose as the provider, and gets keys and prompts"
	http, _ := decode[*upstreamsv3.HttpProtocolOptions](cl.GetTypedExtensionProtocolOptions()[protocolOptions])
	auto := http.GetUpstreamHttpProtocolOptions()
	path += ".typed_config"
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

// plaintext reports whether a cluster's connections are not encrypted.
func plaintext(cl *clusterv3.Cluster) bool {
	return len(cl.GetTransportSocketMatches()) == 0 &&
		(cl.GetTransportSocket() == nil || strings.HasSuffix(cl.GetTransportSocket().GetTypedConfig().GetTypeUrl(), ".raw_buffer.v3.RawBuffer"))
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
