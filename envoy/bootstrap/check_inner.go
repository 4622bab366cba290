package bootstrap

import (
	"fmt"
	"slices"
	"strings"
	"time"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/heald-proxy/heald/policies"
)

// slowClient is how long a client may pause; meanwhile Envoy pauses the
// provider, and a shorter timer would take that for the provider's silence.
const slowClient = 10 * time.Minute

// prompt is the latest time for the end of a broken stream to reach the client.
const prompt = 100 * time.Millisecond

func (c *checker) checkInner() {
	c.checkInnerListener()
	c.checkDecompressors(c.inner)
	c.checkUnderscores(c.inner)
	routes := c.inner.routes()
	c.checkOverrides(routes)
	if c.inner.hcm.GetRouteConfig() == nil {
		c.note(c.inner.path, "its routes come by RDS or are chosen by scope", "they were not checked",
			"check a configuration that contains the routes")
	}
	for _, r := range uniq(routes) {
		c.checkInnerTimes(r)
		c.checkInnerRetries(r)
		if !c.filter.inParts() {
			c.checkBodyLimit(r, "larger requests are refused with a 413")
		}
		c.checkFilterOverrides(r)
		c.checkHostRewrite(r)
	}
	for _, r := range routes {
		c.checkProviderHeaders(r)
	}
}

func (c *checker) checkInnerListener() {
	hcm, path := c.inner.hcm, c.inner.path
	if hcm.GetUseRemoteAddress().GetValue() && !hcm.GetPreserveExternalRequestId() {
		c.problem(path+".preserve_external_request_id", "not set, with use_remote_address: true",
			"each attempt gets a request id of its own: memory between attempts is refused",
			"preserve_external_request_id: true, or use_remote_address: false")
	}
	if d := hcm.GetDelayedCloseTimeout(); d == nil || d.AsDuration() > prompt {
		c.note(path+".delayed_close_timeout", durationText(d, "the default of 1s"),
			"when a provider breaks off, clients notice it that much later", "delayed_close_timeout: 0.02s")
	}
	if websocket(hcm.GetUpgradeConfigs()) {
		report := c.problem
		if c.dump != nil { // meshes allow it everywhere; clients that ask for it are few
			report = c.note
		}
		report(path+".upgrade_configs", "requests may be upgraded", "what follows an upgrade is no HTTP body; heald breaks the connection",
			"remove upgrade_configs here; give such paths a route that does not lead to heald")
	}
}

func (c *checker) checkInnerTimes(r *routeRef) {
	if d := r.action().GetTimeout(); d == nil || d.AsDuration() != 0 {
		c.problem(r.field("timeout"), fmt.Sprintf("an attempt ends after %s", durationText(d, "the default of 15s")),
			"longer answers are cut off, or retried from the start", "timeout: 0s; heald has its own deadlines")
	}
	c.checkIdle(r)
	policy, path := r.retryPolicy()
	if d := policy.GetPerTryTimeout().AsDuration(); d > 0 {
		c.problem(path+".per_try_timeout", d.String(), "longer answers are cut off", "remove per_try_timeout; heald has its own deadlines")
	}
	if d := policy.GetPerTryIdleTimeout().AsDuration(); d > 0 && d < slowClient {
		c.problem(path+".per_try_idle_timeout", d.String(),
			"it also fires while Envoy pauses the provider because the client reads slowly: good answers are cut off",
			"remove per_try_idle_timeout, or set it far above any client's pause (600s)")
	}
}

// checkInnerRetries checks that each attempt is one call to the provider.
func (c *checker) checkInnerRetries(r *routeRef) {
	t := r.retry()
	harmless := []string{"connect-failure", "refused-stream", "reset-before-request"}
	extra := slices.ContainsFunc(t.on, func(on string) bool { return !slices.Contains(harmless, on) })
	if extra && t.retries > 0 {
		c.problem(t.path+".retry_on", "the inner route retries by itself",
			"calls that heald does not know of are billed, use up quotas, and repeat what cannot succeed",
			"remove the retry_policy of the inner route; the outer route retries")
	}
	if hedge, path := r.hedgePolicy(); hedge.GetHedgeOnPerTryTimeout() || hedge.GetInitialRequests().GetValue() > 1 {
		c.problem(path, "requests are hedged", "two calls of the provider run at a time and both are billed", "remove hedge_policy")
	}
	if len(r.action().GetRequestMirrorPolicies()) > 0 {
		c.problem(r.field("request_mirror_policies"), "requests are mirrored",
			"credentials and prompts go to a second place", "remove request_mirror_policies")
	}
}

// checkFilterOverrides checks what routes change about heald's filter.
func (c *checker) checkFilterOverrides(r *routeRef) {
	name := c.filter.entry.GetName()
	if c.filter.entry.GetDisabled() && slices.ContainsFunc(c.inner.routes(), c.filter.onRoute) && !c.filter.onRoute(r) {
		c.problem(fmt.Sprintf("%s.typed_per_filter_config[%s]", r.path, name), "heald's filter is not switched on on this route",
			"requests go to the provider untranslated and without credentials", "switch it on as on the others, or remove the route")
		return
	}
	for _, place := range []struct {
		path   string
		config *anypb.Any
	}{
		{r.configPath, r.config.GetTypedPerFilterConfig()[name]},
		{r.hostPath, r.host.GetTypedPerFilterConfig()[name]},
		{r.path, r.route.GetTypedPerFilterConfig()[name]},
	} {
		path := fmt.Sprintf("%s.typed_per_filter_config[%s]", place.path, name)
		// It is either the filter's own message, or a general one around it.
		around, _ := decode[*routev3.FilterConfig](place.config)
		if around != nil {
			place.config = around.GetConfig()
		}
		override, ok := decode[*extprocv3.ExtProcPerRoute](place.config)
		if !ok && around == nil {
			continue
		}
		if override.GetDisabled() || around.GetDisabled() {
			c.problem(path+".disabled", "heald's filter is off on this route",
				"requests go to the provider untranslated and without credentials", "remove it, or the route")
		}
		if m := override.GetOverrides().GetProcessingMode(); m != nil {
			c.checkModes(m, path+".overrides.processing_mode")
		}
	}
}

// checkHostRewrite checks that the route keeps heald's :authority.
func (c *checker) checkHostRewrite(r *routeRef) {
	if c.want.RouteAuthority {
		return
	}
	a := r.action()
	for _, rewrite := range []struct {
		field string
		set   bool
	}{
		{"host_rewrite_literal", a.GetHostRewriteLiteral() != ""},
		{"auto_host_rewrite", a.GetAutoHostRewrite().GetValue()},
		{"host_rewrite_header", a.GetHostRewriteHeader() != ""},
		{"host_rewrite_path_regex", a.GetHostRewritePathRegex() != nil},
	} {
		if rewrite.set {
			c.problem(r.field(rewrite.field), "overwrites the :authority that heald has set",
				"if this route leads to more than one provider, one sees the wrong host and refuses",
				"remove it, or `authority: route` in heald.yaml")
		}
	}
}

// checkProviderHeaders checks what passes between heald and a provider.
func (c *checker) checkProviderHeaders(r *routeRef) {
	levels := r.requestLevels()
	for _, name := range providerHeaders {
		if name == policies.HeaderUnreached && c.dump != nil && !c.countsUnreached() {
			continue // nobody sets it
		}
		if trace(levels, name).passes {
			c.problem(r.hostPath+".request_headers_to_remove", name+" passes", "the provider sees what is internal to the gateway", "list "+name+" here")
		}
	}
	c.checkReplyHeaders(r, "a provider can imitate heald: ask for retries, or stamp its replies")
}

// countsUnreached reports whether a filter of the outer listener tells the next
// attempt of those that reached no replica.
func (c *checker) countsUnreached() bool {
	return slices.ContainsFunc(c.outer, func(r *routeRef) bool {
		filters, _ := upstreamFilters(r.chain)
		filters = slices.Concat(filters, clusterFilters(c.cluster(r.cluster).GetTypedExtensionProtocolOptions()))
		return slices.ContainsFunc(filters, func(f *hcmv3.HttpFilter) bool {
			lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
			return ok && (strings.Contains(luaText(lua), policies.HeaderUnreached) || lua.GetDefaultSourceCode().GetFilename() != "")
		})
	})
}
