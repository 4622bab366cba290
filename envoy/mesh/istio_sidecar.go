package mesh

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sidecar writes both hops into the sidecars of clients.
func (i *istio) sidecar() {
	host := i.p.Host
	name, _, _ := strings.Cut(host, ".")
	i.add("What clients call: http://"+host+", in plain HTTP. It has no pods: the sidecar answers.", "v1", "Service", i.p.Namespace, name,
		"spec", tree("ports", list(tree("name", "http", "port", i.p.Port, because{"appProtocol", "So that the sidecar reads it as HTTP."}, "http"))))
	i.outerService(tree("hosts", list(host), "exportTo", inline(list("."))), host)
	patches := i.outerPatches("SIDECAR_OUTBOUND", fmt.Sprintf("%s:%d", host, i.p.Port))
	context := func() *yaml.Node { return tree("context", "SIDECAR_OUTBOUND") }
	patches = append(patches,
		patch("Retries at a time are bounded by a budget; with Envoy's default only 3.", "CLUSTER", context(), "ADD", i.innerCluster()),
		patch("The inner hop, reachable from this Envoy only (Istio's bootstrap has the extension).", "LISTENER", context(), "ADD", i.innerListener()))
	for _, x := range i.providers {
		patches = append(patches, patch("", "CLUSTER", context(), "ADD", i.providerCluster(x.name)))
	}
	patches = append(patches, i.promptly("SIDECAR_OUTBOUND"))
	i.envoyFilter("Both hops in the sidecar.", i.name(), patches...)
	i.telemetry()
}

// innerListener is that of Envoy's configuration, as an internal listener.
func (i *istio) innerListener() *yaml.Node {
	l := clone(i.c.listener("inner"))
	set(l, "name", innerName)
	m := at(l, "filter_chains", "0", "filters", "0", "typed_config")
	set(m, "local_reply_config", i.c.innerReplies())
	filters := at(m, "http_filters")
	for n, f := range filters.Content {
		if text(f, "name") == "heald" {
			filters.Content[n] = noted("Asks heald.", i.c.heald(i.cluster()))
		}
	}
	explain(m, "local_reply_config", "Replies that heald did not make are marked, so that outer tries again; these texts reach the client if all attempts fail.")
	return l
}

func (i *istio) providerCluster(name string) *yaml.Node {
	c := clone(i.c.cluster(name))
	explain(c, "transport_socket", "The provider's certificate is checked with the roots of the proxy's image.")
	return c
}
