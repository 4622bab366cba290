package bootstrap

import (
	"fmt"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// minPing is the shortest time between HTTP/2 pings that heald's gRPC server
// accepts.
const minPing = 10 * time.Second

// checkClusters checks the clusters of the inner listener and of heald.
func (c *checker) checkClusters() {
	seen := map[string]bool{}
	for _, r := range c.outer {
		if seen[r.cluster] || c.misled {
			continue
		}
		seen[r.cluster] = true
		limits := c.limits(r.cluster)
		limits.above("max_connections", limits.t.GetMaxConnections(), "requests wait or get a 503")
		limits.above("max_pending_requests", limits.t.GetMaxPendingRequests(), "requests get a 503")
		limits.above("max_requests", limits.t.GetMaxRequests(), "requests get a 503")
		c.checkBudget(limits)
	}
	c.checkHealdCluster(c.filter.cluster())
}

func (c *checker) checkHealdCluster(name string) {
	if name == "" {
		return // not envoy_grpc, which is reported elsewhere
	}
	cluster := c.cluster(name)
	if cluster == nil {
		c.unless(c.cds, c.filter.path+".grpc_service.envoy_grpc.cluster_name", fmt.Sprintf("there is no cluster %q", name),
			"heald cannot be reached; every request ends with a 503", "add the cluster `heald` of envoy.yaml")
		return
	}
	limits := c.limits(name)
	limits.above("max_pending_requests", limits.t.GetMaxPendingRequests(), "attempts fail as if heald had died")
	limits.above("max_requests", limits.t.GetMaxRequests(), "attempts fail as if heald had died")
	c.checkHealth(cluster)
	c.checkHTTP2(cluster)
}

// checkHealth checks that dead replicas get no requests.
func (c *checker) checkHealth(cluster *clusterv3.Cluster) {
	path := clusterPath(cluster.GetName())
	outlier, health := cluster.GetOutlierDetection() != nil, len(cluster.GetHealthChecks()) > 0
	switch {
	case !outlier && !health:
		c.problem(path+".outlier_detection", "neither outlier_detection nor health_checks",
			"all attempts of a request may go to the same dead replica", "copy both from envoy.yaml's cluster `heald`")
	case !outlier:
		c.note(path+".outlier_detection", "only health checks",
			"until the next check, retries may go to the replica that just died", "copy outlier_detection from envoy.yaml's cluster `heald`")
	}
	window := cluster.GetCommonLbConfig().GetUpdateMergeWindow()
	if (outlier || health) && (window == nil || window.AsDuration() > 0) {
		text := "not set, Envoy's default is 1s"
		if window != nil {
			text = window.AsDuration().String()
		}
		c.note(path+".common_lb_config.update_merge_window", text,
			"if a replica dies within that time after another change, Envoy learns of it only at its end; until then retries go there and use up their attempts",
			"common_lb_config: {update_merge_window: 0s}")
	}
}

// checkHTTP2 checks that the cluster can carry gRPC, and keeps its connections.
func (c *checker) checkHTTP2(cluster *clusterv3.Cluster) {
	path := clusterPath(cluster.GetName())
	options, set := http2Options(cluster)
	if !set {
		c.problem(fmt.Sprintf("%s.typed_extension_protocol_options[%s]", path, protocolOptions), "no HTTP/2",
			"gRPC needs it; heald cannot be reached", "explicit_http_config: {http2_protocol_options: {}}")
		return
	}
	at := fmt.Sprintf("%s.typed_extension_protocol_options[%s].explicit_http_config.http2_protocol_options.connection_keepalive", path, protocolOptions)
	ping := options.GetConnectionKeepalive()
	if ping == nil {
		c.note(at, "not set", "a connection that died silently (a lost node, a firewall) keeps its streams until their timeouts",
			"connection_keepalive: {interval: 30s, timeout: 5s}")
	} else if d := ping.GetInterval(); d != nil && d.AsDuration() < minPing {
		c.problem(at+".interval", d.AsDuration().String(), "heald considers that many pings an attack and drops the connection with all its streams",
			"interval: 30s")
	}
}

func http2Options(cluster *clusterv3.Cluster) (*corev3.Http2ProtocolOptions, bool) {
	o, ok := decode[*upstreamsv3.HttpProtocolOptions](cluster.GetTypedExtensionProtocolOptions()[protocolOptions])
	if explicit := o.GetExplicitHttpConfig().GetHttp2ProtocolOptions(); ok && explicit != nil {
		return explicit, true
	}
	old := olderHTTP2(cluster)
	return old, old != nil
}

// limits are the circuit breakers of a cluster.
type limits struct {
	c    *checker
	t    *clusterv3.CircuitBreakers_Thresholds // for default priority; nil if none
	path string
}

func (c *checker) limits(cluster string) limits {
	path := clusterPath(cluster) + ".circuit_breakers.thresholds"
	for i, t := range c.cluster(cluster).GetCircuitBreakers().GetThresholds() {
		if t.GetPriority() == corev3.RoutingPriority_DEFAULT {
			return limits{c, t, fmt.Sprintf("%s[%d]", path, i)}
		}
	}
	return limits{c, nil, path + "[0]"}
}

// byDefault is how many connections and requests Envoy allows at a time by
// default.
const byDefault = 1024

// above reports a limit that is not above Envoy's default.
func (l limits) above(name string, value *wrapperspb.UInt32Value, consequence string) {
	number := uint32(byDefault)
	if value != nil {
		number = value.GetValue()
	}
	if number <= byDefault {
		l.c.problem(l.path+"."+name, fmt.Sprintf("%d, Envoy's default is %d", number, byDefault),
			"above that many at a time "+consequence, name+": 100000")
	}
}
