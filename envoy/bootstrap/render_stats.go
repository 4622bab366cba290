package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"

	"github.com/heald-proxy/heald/envoy"
)

// adminName is the cluster of Envoy's own admin interface.
const adminName = "admin"

// renderStats adds the listener that serves Envoy's metrics, and nothing else of
// its admin interface. Without one it is that of stats.yaml, a Unix socket for its
// owner.
func renderStats(b *bootstrapv3.Bootstrap, p *Params) error {
	if p.Stats == "" {
		return nil
	}
	extra, err := Parse(envoy.Stats)
	if err != nil {
		return err
	}
	at, err := protoAddress(p.Stats)
	if err != nil {
		return err
	}
	listeners, clusters := extra.GetStaticResources().GetListeners(), extra.GetStaticResources().GetClusters()
	for _, l := range listeners {
		l.Address = at
	}
	if p.Admin == "" {
		b.Admin = extra.GetAdmin()
	} else {
		admin, err := parseAddress(p.Admin)
		if err != nil {
			return err
		}
		for _, c := range clusters {
			setDiscovery(c, clusterv3.Cluster_STATIC)
			c.LoadAssignment = assignment(c.GetName(), admin)
		}
	}
	b.StaticResources.Listeners = append(b.StaticResources.Listeners, listeners...)
	b.StaticResources.Clusters = append(b.StaticResources.Clusters, clusters...)
	return nil
}
