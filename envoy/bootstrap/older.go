package bootstrap

import (
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Fields that Envoy has deprecated but still reads. Configurations written by
// hand and by meshes have them.

func olderExact(h *routev3.HeaderMatcher) string {
	return h.GetExactMatch() //nolint:staticcheck // see above
}

func olderAppend(h *corev3.HeaderValueOption) *wrapperspb.BoolValue {
	return h.GetAppend() //nolint:staticcheck // see above
}

func olderRouteLimit(r *routev3.Route) *wrapperspb.UInt32Value {
	return r.GetPerRequestBufferLimitBytes() //nolint:staticcheck // see above
}

func olderHostLimit(vh *routev3.VirtualHost) *wrapperspb.UInt32Value {
	return vh.GetPerRequestBufferLimitBytes() //nolint:staticcheck // see above
}

func olderScript(l *luav3.Lua) string {
	return l.GetInlineCode() //nolint:staticcheck // see above
}

func olderHTTP2(c *clusterv3.Cluster) *corev3.Http2ProtocolOptions {
	return c.GetHttp2ProtocolOptions() //nolint:staticcheck // see above
}

func olderIdle(c *clusterv3.Cluster) *durationpb.Duration {
	return c.GetCommonHttpProtocolOptions().GetIdleTimeout() //nolint:staticcheck // see above
}
