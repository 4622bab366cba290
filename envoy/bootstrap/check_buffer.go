package bootstrap

import (
	"fmt"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	bufferv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/buffer/v3"
)

// defaultBuffer is Envoy's per_connection_buffer_limit_bytes.
const defaultBuffer = 1 << 20

// bodyLimit returns how many bytes of a request Envoy keeps, and where that is
// set. Before request_body_buffer_limit there was
// per_request_buffer_limit_bytes; without either the listener's limit applies.
func (r *routeRef) bodyLimit() (bytes uint64, path string) {
	if bytes, path, ok := r.bufferFilter(); ok {
		return bytes, path
	}
	switch {
	case r.route.GetRequestBodyBufferLimit() != nil:
		return r.route.GetRequestBodyBufferLimit().GetValue(), r.path + ".request_body_buffer_limit"
	case olderRouteLimit(r.route) != nil:
		return uint64(olderRouteLimit(r.route).GetValue()), r.path + ".per_request_buffer_limit_bytes"
	case r.host.GetRequestBodyBufferLimit() != nil:
		return r.host.GetRequestBodyBufferLimit().GetValue(), r.hostPath + ".request_body_buffer_limit"
	case olderHostLimit(r.host) != nil:
		return uint64(olderHostLimit(r.host).GetValue()), r.hostPath + ".per_request_buffer_limit_bytes"
	case r.chain.listener.GetPerConnectionBufferLimitBytes() != nil:
		return uint64(r.chain.listener.GetPerConnectionBufferLimitBytes().GetValue()), r.hostPath + ".request_body_buffer_limit"
	}
	return defaultBuffer, r.hostPath + ".request_body_buffer_limit"
}

// bufferFilter returns the limit of a filter that collects requests: it replaces
// the listener's limit for all filters behind it, and for the router. Envoy
// Gateway's requestBuffer is that filter.
func (r *routeRef) bufferFilter() (bytes uint64, path string, ok bool) {
	for i, f := range r.chain.hcm.GetHttpFilters() {
		buffer, ok := decode[*bufferv3.Buffer](f.GetTypedConfig())
		if !ok {
			continue
		}
		bytes, on := uint64(buffer.GetMaxRequestBytes().GetValue()), !f.GetDisabled()
		path := fmt.Sprintf("%s.http_filters[%s].typed_config.max_request_bytes", r.chain.path, itemLabel(f.ProtoReflect(), i))
		if own, at := r.perFilter(f.GetName()); own != nil {
			if around, ok := decode[*routev3.FilterConfig](own); ok {
				own, on = around.GetConfig(), !around.GetDisabled()
			}
			if per, ok := decode[*bufferv3.BufferPerRoute](own); ok {
				bytes, path, on = uint64(per.GetBuffer().GetMaxRequestBytes().GetValue()), at, !per.GetDisabled()
			}
		}
		if on {
			return bytes, path, true
		}
	}
	return 0, "", false
}

// checkBodyLimit checks that the largest request fits, and that Envoy keeps no
// more than heald accepts.
func (c *checker) checkBodyLimit(r *routeRef, consequence string) {
	bytes, path := r.bodyLimit()
	if bytes < uint64(c.want.MaxBody) {
		c.problem(path, fmt.Sprintf("requests are kept up to %d bytes, but heald allows %d", bytes, c.want.MaxBody), consequence,
			fmt.Sprintf("request_body_buffer_limit: %d", c.want.MaxBody))
	}
	if c.want.MaxMessage > 0 && !c.filter.inParts() && bytes > uint64(c.want.MaxMessage) {
		c.problem(path, fmt.Sprintf("requests are kept up to %d bytes, but heald receives %d at most", bytes, c.want.MaxMessage),
			"larger requests break the stream to heald, are tried several times in vain, and end as a 503 instead of a 413",
			fmt.Sprintf("request_body_buffer_limit: %d", c.want.MaxBody))
	}
}
