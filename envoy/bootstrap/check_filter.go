package bootstrap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// filter is an ext_proc filter in a listener's chain.
type filter struct {
	entry  *hcmv3.HttpFilter
	config *extprocv3.ExternalProcessor
	chain  *chain
	path   string // of config
}

// modeConsequence is the consequence of any wrong body or header mode.
const modeConsequence = "heald refuses the stream: it needs the whole request, and the response as a stream that it can hold back"

// findInner finds heald's filter, which must be in exactly one chain.
func (c *checker) findInner() bool {
	found := c.healdFilters()
	if c.dump != nil {
		found = c.onTheWay(found)
	}
	if len(found) == 0 && c.dump != nil && c.missesFilter() {
		return false
	}
	if len(found) == 0 {
		c.unless(c.lds, "static_resources.listeners", "no HTTP filter chain has heald's ext_proc filter",
			"heald is never asked; requests go to the provider as they are",
			"add the listener `inner` of envoy.yaml")
		return false
	}
	for _, f := range found[1:] {
		c.problem(f.path, fmt.Sprintf("a second ext_proc filter of heald (the first is %s)", found[0].path),
			"the body is translated twice, or attempts take two routes with different limits",
			"have the filter once, in the chain of the inner listener")
	}
	c.filter, c.inner = found[0], found[0].chain
	return true
}

// healdFilters returns heald's filters: those with its name, else all ext_proc
// filters that stream responses, else all ext_proc filters. One that streams
// comes first: it is most likely the one in the right place.
func (c *checker) healdFilters() []*filter {
	all := c.extProcFilters()
	slices.SortStableFunc(all, func(a, b *filter) int { return cmp.Compare(a.rank(), b.rank()) })
	for _, is := range []func(*filter) bool{(*filter).named, (*filter).streams} {
		if some := slices.DeleteFunc(slices.Clone(all), func(f *filter) bool { return !is(f) }); len(some) > 0 {
			return some
		}
	}
	return all
}

// onTheWay leaves, of a mesh's many ext_proc filters, those that requests meet:
// filters that are on, behind a route of this Envoy if one of them is.
func (c *checker) onTheWay(all []*filter) []*filter {
	on := slices.DeleteFunc(slices.Clone(all), func(f *filter) bool {
		return f.entry.GetDisabled() && !slices.ContainsFunc(f.chain.routes(), f.onRoute)
	})
	if len(on) == 0 {
		return slices.DeleteFunc(slices.Clone(all), func(f *filter) bool { return !f.named() })
	}
	reached := slices.DeleteFunc(slices.Clone(on), func(f *filter) bool {
		return !slices.ContainsFunc(c.chains, func(ch *chain) bool {
			return ch.listener != f.chain.listener && slices.ContainsFunc(ch.routes(), func(r *routeRef) bool { return c.leadsTo(f.chain, r.cluster) })
		})
	})
	if len(reached) > 0 {
		// Another one of heald's is a mistake; of another kind it is not.
		for _, f := range on {
			if f.named() && !slices.Contains(reached, f) && slices.ContainsFunc(f.chain.routes(), f.onRoute) {
				reached = append(reached, f)
			}
		}
		return reached
	}
	// Nothing leads there. Another service's filter is not taken for heald's.
	return slices.DeleteFunc(on, func(f *filter) bool {
		return !f.named() && !slices.ContainsFunc(f.chain.routes(), func(r *routeRef) bool { return named(r) || len(steers(r.route)) > 0 })
	})
}

// missesFilter reports a route that asks for heald's retries and leads to a
// listener of this Envoy which has no filter of heald.
func (c *checker) missesFilter() bool {
	for _, from := range c.chains {
		for _, r := range from.routes() {
			i := slices.IndexFunc(c.chains, func(to *chain) bool { return to.listener != from.listener && c.leadsTo(to, r.cluster) })
			if i < 0 || !asksHeald(r) {
				continue
			}
			c.problem(c.chains[i].path+".http_filters", "no ext_proc filter of heald, but a route leads here that asks for heald's retries",
				"heald is never asked; requests go to the provider as they are", "the filter heald of envoy.yaml's listener `inner`")
			return true
		}
	}
	return false
}

// onRoute reports whether requests on a route meet the filter. A filter that is
// disabled meets only those of routes that switch it on.
func (f *filter) onRoute(r *routeRef) bool {
	name := f.entry.GetName()
	for _, at := range []map[string]*anypb.Any{r.weight.GetTypedPerFilterConfig(), r.route.GetTypedPerFilterConfig(), r.host.GetTypedPerFilterConfig(), r.config.GetTypedPerFilterConfig()} {
		config, ok := at[name]
		if !ok {
			continue
		}
		if around, ok := decode[*routev3.FilterConfig](config); ok {
			if around.GetDisabled() {
				return false
			}
			config = around.GetConfig()
		}
		override, ok := decode[*extprocv3.ExtProcPerRoute](config)
		return !ok || !override.GetDisabled()
	}
	return !f.entry.GetDisabled()
}

func (f *filter) streams() bool {
	return f.config.GetProcessingMode().GetResponseBodyMode() == extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED
}

func (f *filter) rank() int {
	if f.streams() {
		return 0
	}
	return 1
}

func (c *checker) extProcFilters() []*filter {
	var all []*filter
	for _, ch := range c.chains {
		for i, entry := range ch.hcm.GetHttpFilters() {
			if config, ok := decode[*extprocv3.ExternalProcessor](entry.GetTypedConfig()); ok {
				path := fmt.Sprintf("%s.http_filters[%s].typed_config", ch.path, itemLabel(entry.ProtoReflect(), i))
				all = append(all, &filter{entry: entry, config: config, chain: ch, path: path})
			}
		}
	}
	return all
}

// named reports whether the filter says that it is heald's.
func (f *filter) named() bool {
	for _, text := range []string{f.entry.GetName(), f.config.GetStatPrefix(), f.cluster()} {
		if strings.Contains(text, "heald") {
			return true
		}
	}
	for _, m := range f.config.GetGrpcService().GetInitialMetadata() {
		if strings.HasPrefix(m.GetKey(), "x-heald-") {
			return true
		}
	}
	return false
}

// cluster returns the cluster of heald's replicas.
func (f *filter) cluster() string {
	return f.config.GetGrpcService().GetEnvoyGrpc().GetClusterName()
}

func (c *checker) checkFilter() {
	c.checkModes(c.filter.config.GetProcessingMode(), c.filter.path+".processing_mode")
	c.checkFilterTimes()
	c.checkFilterRights()
	c.checkFilterService()
	if c.filter.entry.GetDisabled() && !slices.ContainsFunc(c.inner.routes(), c.filter.onRoute) {
		c.problem(strings.TrimSuffix(c.filter.path, ".typed_config")+".disabled", "the filter is disabled",
			"heald is never asked unless a route switches it on", "remove `disabled`")
	}
	if !slices.Contains(c.filter.config.GetResponseAttributes(), "response.code_details") {
		c.problem(c.filter.path+".response_attributes", "response.code_details is not sent",
			"heald cannot tell a provider's reply from one that Envoy made itself, and sorts errors wrongly",
			"response_attributes: [response.code_details]")
	}
}

// checkModes checks the processing mode of the filter, or one of a route that
// overrides it.
func (c *checker) checkModes(m *extprocv3.ProcessingMode, path string) {
	if m.GetRequestHeaderMode() == extprocv3.ProcessingMode_SKIP {
		c.problem(path+".request_header_mode", "request headers are not sent", modeConsequence, "request_header_mode: SEND")
	}
	c.checkRequestMode(m, path)
	if m.GetResponseHeaderMode() == extprocv3.ProcessingMode_SKIP {
		c.problem(path+".response_header_mode", "response headers are not sent", modeConsequence, "response_header_mode: SEND")
	}
	if m.GetResponseBodyMode() != extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED {
		c.problem(path+".response_body_mode", "the response body mode is "+m.GetResponseBodyMode().String(), modeConsequence, "response_body_mode: FULL_DUPLEX_STREAMED")
	}
	if m.GetResponseTrailerMode() != extprocv3.ProcessingMode_SEND {
		c.problem(path+".response_trailer_mode", "response trailers are not sent",
			"Envoy rejects FULL_DUPLEX_STREAMED without them, or the stream hangs at its end", "response_trailer_mode: SEND")
	}
}

// checkRequestMode checks how the filter sends requests: in parts, with the
// settings that this needs, or whole.
func (c *checker) checkRequestMode(m *extprocv3.ProcessingMode, path string) {
	switch m.GetRequestBodyMode() {
	case extprocv3.ProcessingMode_BUFFERED:
	case extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED:
		if m.GetRequestTrailerMode() != extprocv3.ProcessingMode_SEND {
			c.problem(path+".request_trailer_mode", "request trailers are not sent",
				"Envoy rejects FULL_DUPLEX_STREAMED without them", "request_trailer_mode: SEND")
		}
		if !c.filter.config.GetAllowContentLengthHeader() {
			c.problem(c.filter.path+".allow_content_length_header", "not set, with request_body_mode: FULL_DUPLEX_STREAMED",
				"requests go to the provider without their length, and heald does not see the client's: a body that is too long is received up to the limit",
				"allow_content_length_header: true")
		}
	default:
		c.problem(path+".request_body_mode", "the request body mode is "+m.GetRequestBodyMode().String(), modeConsequence,
			"request_body_mode: FULL_DUPLEX_STREAMED, with request_trailer_mode: SEND and allow_content_length_header: true; or BUFFERED")
	}
}

// inParts reports whether heald gets requests in parts, and so enforces the
// limit on them itself.
func (f *filter) inParts() bool {
	return f.config.GetProcessingMode().GetRequestBodyMode() == extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED
}

func (c *checker) checkFilterTimes() {
	timeout := c.filter.config.GetMessageTimeout()
	if timeout == nil || timeout.AsDuration() < c.want.Wait {
		fix := fmt.Sprintf("message_timeout: %ds, or more", int(c.want.Wait.Seconds()))
		if c.want.Wait > longestMessage {
			fix = fmt.Sprintf("lower max_wait in heald.yaml: Envoy takes a message_timeout of %ds at most", int(longestMessage.Seconds()))
		}
		c.problem(c.filter.path+".message_timeout",
			fmt.Sprintf("%s is shorter than heald may wait (%s)", durationText(timeout, "the default of 0.2s"), c.want.Wait),
			"requests that wait for a slot or a cooldown fail, and are retried as if heald had died", fix)
	}
}

// checkFilterRights checks that Envoy carries out heald's replies.
func (c *checker) checkFilterRights() {
	f, path := c.filter.config, c.filter.path
	rules := f.GetMutationRules()
	if !rules.GetAllowAllRouting().GetValue() && !c.want.RouteAuthority {
		c.problem(path+".mutation_rules.allow_all_routing", "not set",
			"Envoy silently ignores heald's :authority; the provider sees the client's host name and refuses",
			"mutation_rules: {allow_all_routing: true}, or `authority: route` in heald.yaml with a host rewrite on the inner route")
	}
	if rules.GetDisallowAll().GetValue() || rules.GetDisallowSystem().GetValue() {
		c.problem(path+".mutation_rules", "changes of headers are forbidden",
			"Envoy ignores heald's path, cluster and credentials", "remove disallow_all and disallow_system")
	}
	if !rules.GetAllowEnvoy().GetValue() && !c.removesStrangers() {
		c.note(path+".mutation_rules.allow_envoy", "not set, and no filter after this one removes the headers that heald may not remove",
			"x-envoy-* headers, such as a mesh's x-envoy-peer-metadata, go to the provider and come back from it: Envoy ignores that heald removes them",
			"mutation_rules: {allow_all_routing: true, allow_envoy: true}, or the filter heald.allow of envoy.yaml")
	}
	if f.GetFailureModeAllow() {
		c.problem(path+".failure_mode_allow", "true",
			"when heald is down, untranslated requests go to the provider", "failure_mode_allow: false")
	}
	if f.GetDisableImmediateResponse() {
		c.problem(path+".disable_immediate_response", "true",
			"heald can neither answer nor ask for another attempt", "remove disable_immediate_response")
	}
	if f.GetDisableClearRouteCache() || f.GetRouteCacheAction() == extprocv3.ExternalProcessor_RETAIN {
		c.problem(path+".route_cache_action", "the route is kept when heald has named a cluster",
			"503 cluster_not_found on every request", "remove disable_clear_route_cache and route_cache_action")
	}
	if f.GetObservabilityMode() {
		c.problem(path+".observability_mode", "true", "Envoy ignores all replies of heald", "remove observability_mode")
	}
}

// removesStrangers reports whether a script on the inner listener removes
// headers. It does not check which ones.
func (c *checker) removesStrangers() bool {
	return slices.ContainsFunc(c.inner.hcm.GetHttpFilters(), func(f *hcmv3.HttpFilter) bool {
		lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
		return ok && strings.Contains(luaText(lua), ":remove(")
	})
}

func (c *checker) checkFilterService() {
	path := c.filter.path + ".grpc_service"
	service := c.filter.config.GetGrpcService()
	if service.GetRetryPolicy() != nil || service.GetEnvoyGrpc().GetRetryPolicy() != nil {
		c.problem(path+".retry_policy", "set",
			"Envoy turns its back-off into a timeout; with all replicas down an answer takes 5 to 23 s",
			"remove it; the outer route retries")
	}
	if service.GetEnvoyGrpc() == nil {
		c.problem(path, "not envoy_grpc", "heald's cluster (health checks, limits) is not used", "grpc_service: {envoy_grpc: {cluster_name: heald}}")
	}
}
