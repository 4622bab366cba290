package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"

	"github.com/heald-proxy/heald/envoy"
)

// otlpName is the cluster of the collector of traces.
const otlpName = "otlp"

// template is the text that a configuration is made from.
func (p *Params) template() []byte {
	if p.OTLP != "" {
		return envoy.Traced()
	}
	return envoy.Config
}

// renderTracing sets the collector's address.
func renderTracing(b *bootstrapv3.Bootstrap, p *Params) error {
	if p.OTLP == "" {
		return nil
	}
	at, err := parseAddress(p.OTLP)
	if err != nil {
		return err
	}
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() != otlpName {
			continue
		}
		if at.ip || at.pipe != "" {
			setDiscovery(c, clusterv3.Cluster_STATIC)
		}
		c.LoadAssignment = assignment(otlpName, at)
	}
	return nil
}
