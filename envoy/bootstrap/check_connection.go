package bootstrap

import (
	"fmt"
	"slices"
	"strings"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	setfilterstate "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/common/set_filter_state/v3"
	setfilterstatev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/set_filter_state/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"

	"github.com/heald-proxy/heald/policies"
)

const (
	// forgotten is the earliest time after which load balancers and NAT drop
	// idle connections: those of AWS after 60 s, most others after minutes.
	forgotten = time.Minute
	// slowestPing is the longest time that a dead connection may go unnoticed:
	// with the timeout it stays below any useful peek.timeout.
	slowestPing = 30 * time.Second
)

// checkConnections checks that connections to providers are closed before they
// die, or that dead ones are noticed.
func (c *checker) checkConnections() {
	for _, cl := range c.clusters {
		if cl.GetName() == c.filter.cluster() || !c.provider(cl) && (cl.GetName() == "" || !c.backend(cl.GetName())) {
			continue
		}
		c.checkProviderIdle(cl)
		c.checkProviderPing(cl)
	}
	filters := c.inner.hcm.GetHttpFilters()
	if !slices.ContainsFunc(filters[slices.Index(filters, c.filter.entry):], sharesConnection) {
		report := c.problem
		if c.dump != nil && c.dump.mesh() == envoyGateway {
			report = c.note // only a patch adds it
		}
		report(c.inner.path+".http_filters", "no set_filter_state filter after heald's shares "+policies.HeaderConnection+" with the connection pool",
			"an attempt after one that got no reply may go over the same dead connection",
			"copy the filter heald.connection of envoy.yaml, to a place behind heald")
	}
}

func (c *checker) checkProviderIdle(cl *clusterv3.Cluster) {
	options, _ := decode[*upstreamsv3.HttpProtocolOptions](cl.GetTypedExtensionProtocolOptions()[protocolOptions])
	d := options.GetCommonHttpProtocolOptions().GetIdleTimeout()
	path := clusterPath(cl.GetName()) + ".typed_extension_protocol_options[" + protocolOptions + "].common_http_protocol_options.idle_timeout"
	if old := olderIdle(cl); old != nil && options == nil {
		d, path = old, clusterPath(cl.GetName())+".common_http_protocol_options.idle_timeout"
	}
	if d == nil || d.AsDuration() == 0 || d.AsDuration() >= forgotten {
		c.problem(path, fmt.Sprintf("idle connections are kept for %s", durationText(d, "the default of 1h0m0s")),
			"load balancers and NAT on the way drop them earlier; requests on such a connection are lost, and use up attempts",
			"common_http_protocol_options: {idle_timeout: 50s}")
	}
}

// checkProviderPing checks clusters that may speak HTTP/2, where all requests
// share one connection.
func (c *checker) checkProviderPing(cl *clusterv3.Cluster) {
	h2, field := providerHTTP2(cl)
	if h2 == nil {
		return
	}
	ping := h2.GetConnectionKeepalive()
	path := clusterPath(cl.GetName()) + "." + field + ".connection_keepalive"
	const fix = "connection_keepalive: {interval: 10s, timeout: 5s, connection_idle_interval: 10s}"
	const consequence = "every attempt of every request goes to a connection that died silently, and waits for its full timeout"
	if ping == nil {
		c.problem(path, "not set", consequence, fix)
	} else if d := ping.GetInterval(); d == nil || d.AsDuration() == 0 || d.AsDuration() > slowestPing || ping.GetTimeout().AsDuration() > slowestPing {
		c.problem(path, fmt.Sprintf("a dead connection is found after %s and %s", durationText(d, "no interval"), ping.GetTimeout().AsDuration()), consequence, fix)
	}
}

// providerHTTP2 returns the HTTP/2 options of a cluster that may speak it, and
// their path; nil if it does not speak HTTP/2.
func providerHTTP2(cl *clusterv3.Cluster) (*corev3.Http2ProtocolOptions, string) {
	options, ok := decode[*upstreamsv3.HttpProtocolOptions](cl.GetTypedExtensionProtocolOptions()[protocolOptions])
	if !ok {
		return olderHTTP2(cl), "http2_protocol_options"
	}
	at := "typed_extension_protocol_options[" + protocolOptions + "]."
	or := func(h2 *corev3.Http2ProtocolOptions) *corev3.Http2ProtocolOptions {
		if h2 == nil {
			return &corev3.Http2ProtocolOptions{} // Envoy's defaults
		}
		return h2
	}
	switch {
	case options.GetAutoConfig() != nil:
		return or(options.GetAutoConfig().GetHttp2ProtocolOptions()), at + "auto_config.http2_protocol_options"
	case options.GetUseDownstreamProtocolConfig() != nil:
		return or(options.GetUseDownstreamProtocolConfig().GetHttp2ProtocolOptions()), at + "use_downstream_protocol_config.http2_protocol_options"
	}
	return options.GetExplicitHttpConfig().GetHttp2ProtocolOptions(), at + "explicit_http_config.http2_protocol_options"
}

// sharesConnection reports whether a filter makes the header a part of what
// connections are pooled by.
func sharesConnection(f *hcmv3.HttpFilter) bool {
	state, ok := decode[*setfilterstatev3.Config](f.GetTypedConfig())
	if !ok || f.GetDisabled() {
		return false
	}
	for _, v := range state.GetOnRequestHeaders() {
		format := v.GetFormatString().GetTextFormatSource().GetInlineString()
		// An object of another kind is shared, but the pool ignores it.
		if strings.EqualFold(format, "%REQ("+policies.HeaderConnection+")%") && v.GetFactoryKey() == "envoy.hashable_string" &&
			v.GetSharedWithUpstream() != setfilterstate.FilterStateValue_NONE {
			return true
		}
	}
	return false
}
