package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreamsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/heald-proxy/heald/policies"
)

// protocolOptions is the key of a cluster's HTTP settings.
const protocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

// checkMemory checks that what one attempt learned reaches the next.
func (c *checker) checkMemory(r *routeRef) {
	if c.want.StoreMemory && c.setByRoute(r, "memory") != "header" {
		return
	}
	if !r.host.GetIncludeRequestAttemptCount() {
		c.problem(r.hostPath+".include_request_attempt_count", "not set",
			"heald takes every attempt for the first one: limits are not kept and lost memory is not noticed",
			"include_request_attempt_count: true")
	}
	filters, path := upstreamFilters(r.chain)
	if !carriesMemory(filters) && !carriesMemory(clusterFilters(c.cluster(r.cluster).GetTypedExtensionProtocolOptions())) {
		c.problem(path, "no Lua filter carries "+policies.HeaderMemory+" from one attempt to the next",
			"each attempt repeats the mistakes of the last one",
			"copy the filter heald.memory of envoy.yaml")
	}
}

// carriesMemory reports whether a Lua filter reads the header from responses
// and sets it on requests.
func carriesMemory(filters []*hcmv3.HttpFilter) bool {
	for _, f := range filters {
		lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
		if !ok {
			continue
		}
		script := luaText(lua)
		if strings.Contains(script, policies.HeaderMemory) && strings.Contains(script, "envoy_on_request") && strings.Contains(script, "envoy_on_response") {
			return true
		}
		if lua.GetDefaultSourceCode().GetFilename() != "" && strings.Contains(f.GetName(), "heald") {
			return true // the script is in a file; its name says what it is for
		}
	}
	return false
}

func luaText(l *luav3.Lua) string {
	return l.GetDefaultSourceCode().GetInlineString() + string(l.GetDefaultSourceCode().GetInlineBytes()) + olderScript(l)
}

// upstreamFilters returns the filters of a chain's router that run on each
// attempt, and their path.
func upstreamFilters(ch *chain) ([]*hcmv3.HttpFilter, string) {
	for i, f := range ch.hcm.GetHttpFilters() {
		if router, ok := decode[*routerv3.Router](f.GetTypedConfig()); ok {
			path := fmt.Sprintf("%s.http_filters[%s].typed_config.upstream_http_filters", ch.path, itemLabel(f.ProtoReflect(), i))
			return router.GetUpstreamHttpFilters(), path
		}
	}
	return nil, ch.path + ".http_filters"
}

func clusterFilters(options map[string]*anypb.Any) []*hcmv3.HttpFilter {
	o, ok := decode[*upstreamsv3.HttpProtocolOptions](options[protocolOptions])
	if !ok {
		return nil
	}
	return o.GetHttpFilters()
}

// checkUpstreamFilters looks for filters that touch bodies in routers and
// clusters, which crashes Envoy.
func (c *checker) checkUpstreamFilters() {
	for _, ch := range c.chains {
		filters, path := upstreamFilters(ch)
		c.checkBodyFilters(filters, path)
	}
	for _, cl := range c.clusters {
		path := fmt.Sprintf("%s.typed_extension_protocol_options[%s].http_filters", clusterPath(cl.GetName()), protocolOptions)
		c.checkBodyFilters(clusterFilters(cl.GetTypedExtensionProtocolOptions()), path)
	}
}

// bodyFilters are types that hold back or change bodies.
var bodyFilters = []string{"Buffer", "FileSystemBufferFilterConfig", "Compressor", "Decompressor", "GrpcJsonTranscoder", "Wasm"}

func (c *checker) checkBodyFilters(filters []*hcmv3.HttpFilter, path string) {
	for i, f := range filters {
		url := f.GetTypedConfig().GetTypeUrl()
		touches := slices.Contains(bodyFilters, url[strings.LastIndexByte(url, '.')+1:])
		if lua, ok := decode[*luav3.Lua](f.GetTypedConfig()); ok {
			script := luaText(lua)
			touches = strings.Contains(script, ":body(") || strings.Contains(script, ":bodyChunks(")
		}
		if ext, ok := decode[*extprocv3.ExternalProcessor](f.GetTypedConfig()); ok {
			m := ext.GetProcessingMode()
			touches = m.GetResponseBodyMode() != extprocv3.ProcessingMode_NONE || m.GetRequestBodyMode() != extprocv3.ProcessingMode_NONE
		}
		if touches {
			c.problem(fmt.Sprintf("%s[%s]", path, itemLabel(f.ProtoReflect(), i)), "an upstream filter that touches bodies",
				"Envoy crashes when a body meets a full buffer there; one slow client is enough",
				"move it to the http_filters of a listener")
		}
	}
}
