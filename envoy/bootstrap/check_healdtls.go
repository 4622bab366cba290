package bootstrap

import (
	"slices"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// checkHealdTLS compares how Envoy connects to heald with what heald expects
// there (listen.tls). A mistake is told in the words of the side that has it.
func (c *checker) checkHealdTLS() {
	cl := c.cluster(c.filter.cluster())
	if cl == nil {
		return
	}
	path := clusterPath(cl.GetName()) + ".transport_socket"
	const consequence = "no connection to heald comes about; every request ends with a 503"
	known := len(c.want.GRPC) > 0 && c.dials(cl)
	host := c.remote(cl)
	switch plain, mesh := plaintext(cl), ofMesh(cl); {
	case known && c.want.TLS && c.tcp(cl) && plain:
		c.problem(path, "plain text, and heald expects TLS (listen.tls)", consequence,
			"copy envoy/heald-tls.yaml; or remove listen.tls from heald.yaml, if heald is on this machine")
	case known && c.want.TLS && c.tcp(cl) && mesh:
		c.problem(path, "TLS of the mesh, which ends at heald's sidecar, and heald expects TLS of its own (listen.tls)", consequence,
			"remove listen.tls from heald.yaml; or give heald no sidecar, and Envoy heald's TLS (render --heald-tls tls)")
	case plain && host != "":
		c.problem(path, "heald at "+host+" is reached in plain text",
			"prompts, answers and the providers' keys can be read and changed on the way",
			"TLS with a client certificate, heald's listen.tls on the other side; or heald on this machine")
	case known && !plain && !mesh && !c.tcp(cl):
		c.problem(path, "TLS, and heald speaks plain text on Unix sockets", consequence, "remove transport_socket")
	case known && !plain && !mesh && !c.want.TLS && host != "":
		c.note(path, "TLS, and heald expects plain text (no listen.tls)", consequence+", unless a proxy in front of heald takes the TLS off",
			"set listen.tls {cert, key, client_ca} in heald.yaml")
	case known && !plain && !mesh && !c.want.TLS:
		c.problem(path, "TLS, and heald expects plain text (no listen.tls)", consequence,
			"remove transport_socket; or set listen.tls {cert, key, client_ca} in heald.yaml")
	}
}

// dials reports whether it is known what leads to heald: endpoints that can be
// seen, or only one kind of address that heald listens on.
func (c *checker) dials(cl *clusterv3.Cluster) bool {
	pipe := func(address string) bool { return strings.HasPrefix(address, "unix:") }
	return len(addresses(cl)) > 0 || !slices.ContainsFunc(c.want.GRPC, pipe)
}

// tcp reports whether some endpoint is no Unix socket, on which heald has no TLS.
func (c *checker) tcp(cl *clusterv3.Cluster) bool {
	all := addresses(cl)
	for _, a := range all {
		if a.GetPipe() == nil {
			return true
		}
	}
	return len(all) == 0
}

// ofMesh reports whether a cluster's TLS is Istio's own, which a sidecar beside
// heald takes off. Its proxies name the Service in the SNI, or offer a protocol of
// Istio's.
func ofMesh(cl *clusterv3.Cluster) bool {
	return slices.ContainsFunc(sockets(cl), func(s socket) bool {
		tls, ok := decode[*tlsv3.UpstreamTlsContext](s.socket.GetTypedConfig())
		return ok && (strings.HasPrefix(tls.GetSni(), "outbound_.") || slices.Contains(tls.GetCommonTlsContext().GetAlpnProtocols(), "istio"))
	})
}
