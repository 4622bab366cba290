package bootstrap

import (
	"slices"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// Filters of envoy.yaml that the lean preset may do without.
const (
	memoryFilter = "heald.memory"
	hedgeFilter  = "heald.hedge"
	codecFilter  = "envoy.filters.http.upstream_codec"
)

// renderLean leaves out what costs each request time and no answer needs: all
// statistics but the needed ones, the access log of what went well, and the Lua
// filters that nothing uses.
func renderLean(b *bootstrapv3.Bootstrap, p *Params) error {
	if !p.Lean {
		return nil
	}
	b.StatsConfig = leanStats()
	for _, c := range newView(b).chains {
		for _, log := range c.hcm.GetAccessLog() {
			log.Filter = wentWrong()
		}
		switch {
		case c.listener.GetName() == outerName && p.StoreMemory:
			if err := dropUpstreamFilter(c, memoryFilter); err != nil {
				return err
			}
		case c.listener.GetName() == innerName && !p.Hedge:
			if err := dropUpstreamFilter(c, hedgeFilter); err != nil {
				return err
			}
		}
		if err := c.pack(); err != nil {
			return err
		}
	}
	return nil
}

// wentWrong is for requests that Envoy ended or answered itself, whose client
// left, or that got an error.
func wentWrong() *accesslogv3.AccessLogFilter {
	failed := &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_StatusCodeFilter{StatusCodeFilter: &accesslogv3.StatusCodeFilter{
		Comparison: &accesslogv3.ComparisonFilter{Op: accesslogv3.ComparisonFilter_GE, Value: &corev3.RuntimeUInt32{DefaultValue: 400, RuntimeKey: "heald.outer.log_from_status"}}}}}
	// Without a list, any flag.
	flagged := &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_ResponseFlagFilter{ResponseFlagFilter: &accesslogv3.ResponseFlagFilter{}}}
	return &accesslogv3.AccessLogFilter{FilterSpecifier: &accesslogv3.AccessLogFilter_OrFilter{OrFilter: &accesslogv3.OrFilter{
		Filters: []*accesslogv3.AccessLogFilter{failed, flagged}}}}
}

// dropUpstreamFilter removes a filter from the chain's router, and then the
// codec, which Envoy adds by itself, if nothing else is left.
func dropUpstreamFilter(c *chain, name string) error {
	for _, f := range c.hcm.GetHttpFilters() {
		router, ok := decode[*routerv3.Router](f.GetTypedConfig())
		if !ok {
			continue
		}
		router.UpstreamHttpFilters = slices.DeleteFunc(router.UpstreamHttpFilters, func(f *hcmv3.HttpFilter) bool { return f.GetName() == name })
		if len(router.UpstreamHttpFilters) == 1 && router.UpstreamHttpFilters[0].GetName() == codecFilter {
			router.UpstreamHttpFilters = nil
		}
		if err := encode(f.GetTypedConfig(), router); err != nil {
			return err
		}
	}
	return nil
}
