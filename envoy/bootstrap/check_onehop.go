package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"

	"github.com/heald-proxy/heald/policies"
)

// checkOneHop checks an Envoy whose only listener has heald's filter (mode:
// one_hop). It is inner and outer at once: clients connect to it, and its routes
// lead to providers. What repeats attempts is not asked for.
func (c *checker) checkOneHop() {
	ch := c.inner
	if outer := c.outerOf(); outer != nil {
		c.problem(outer.field("cluster"), fmt.Sprintf("leads to heald's listener %q, but heald.yaml says mode: one_hop", ch.listener.GetName()),
			"heald marks nothing for this listener to repeat, so every failure is final", "remove mode from heald.yaml")
	}
	c.checkOuterListener(ch)
	c.checkDoor(ch)
	c.checkDecompressors(ch)
	c.checkUpgrade(ch)
	c.checkOfferOfTLS(ch)
	c.checkAsked(ch)
	c.checkClose(ch)
	if websocket(ch.hcm.GetUpgradeConfigs()) {
		c.problem(ch.path+".upgrade_configs", "requests may be upgraded", "what follows an upgrade is no HTTP body; heald breaks the connection",
			"remove upgrade_configs; give such paths a listener that does not lead to heald")
	}
	c.checkFilter()
	c.checkReplies()
	c.checkOwnReplies()
	if ch.hcm.GetRouteConfig() == nil {
		c.note(ch.path, "its routes come by RDS or are chosen by scope", "they were not checked", "check a configuration that contains the routes")
	}
	for _, r := range uniq(ch.routes()) {
		c.checkInnerTimes(r)
		c.checkForever(r)
		c.checkInnerRetries(r)
		if !c.filter.inParts() {
			c.checkBodyLimit(r, "larger requests are refused with a 413")
		}
		c.checkFilterOverrides(r)
		c.checkHostRewrite(r)
	}
	for _, r := range ch.routes() {
		c.checkProviderHeaders(r)
	}
	c.checkSettingsOfClients()
	c.checkClusters()
	c.checkSidecarAddress()
	c.checkBackends()
	for _, cl := range c.clusters {
		if cl.GetName() != c.filter.cluster() && (c.provider(cl) || cl.GetName() != "" && c.backend(cl.GetName())) {
			c.checkProviderIdle(cl)
			c.checkProviderPing(cl)
		}
	}
	c.checkTransport()
	c.checkTunnels()
	c.checkProxies()
	c.checkResume()
	c.checkOneHopTracing()
}

// outerOf returns a route of another listener that leads to heald's; nil if there
// is none.
func (c *checker) outerOf() *routeRef {
	for _, ch := range c.chains {
		for _, r := range ch.routes() {
			if ch != c.inner && c.leadsToInner(r.cluster) {
				return r
			}
		}
	}
	return nil
}

// checkOwnReplies looks for mappers that mark replies: a client would see the mark.
func (c *checker) checkOwnReplies() {
	for i, m := range c.inner.hcm.GetLocalReplyConfig().GetMappers() {
		for _, h := range m.GetHeadersToAdd() {
			if name := h.GetHeader().GetKey(); slices.ContainsFunc(append(replyHeaders, policies.HeaderUnreached), func(n string) bool { return strings.EqualFold(n, name) }) {
				c.note(fmt.Sprintf("%s.local_reply_config.mappers[%d].headers_to_add", c.inner.path, i), name+" is added",
					"no listener reads it, and the client sees it", "remove it, as in onehop.yaml")
			}
		}
	}
}

// checkSettingsOfClients checks that clients cannot choose settings. Without a hop
// secret heald ignores the headers for them.
func (c *checker) checkSettingsOfClients() {
	path := c.inner.path + ".early_header_mutation_extensions"
	if c.want.Hop == "" {
		return
	}
	set, removed := earlyHeaders(c.inner.hcm)
	switch value, ok := set[policies.HeaderHop]; {
	case !ok:
		c.problem(path, "no "+policies.HeaderHop+" is set", "heald refuses every request: it expects the hop secret",
			"append header "+policies.HeaderHop+" with the secret of heald.yaml and append_action: OVERWRITE_IF_EXISTS_OR_ADD; or remove hop_secret")
		return
	case !strings.Contains(strings.ReplaceAll(value, "%%", ""), "%") && strings.ReplaceAll(value, "%%", "%") != c.want.Hop:
		c.problem(path, policies.HeaderHop+" is not the secret that heald expects", "heald refuses every request", "use one secret in both files")
	}
	for _, h := range clientHeaders {
		if h.name != policies.HeaderPolicy && h.name != policies.HeaderSet && h.name != policies.HeaderBackends {
			continue
		}
		if _, ok := set[h.name]; !ok && !removed[h.name] {
			c.problem(path, h.name+" of a client passes", h.consequence, "remove: "+h.name+", before what is appended")
		}
	}
}

// earlyHeaders are the headers that a listener sets, and those that it removes,
// before any filter.
func earlyHeaders(hcm *hcmv3.HttpConnectionManager) (set map[string]string, removed map[string]bool) {
	set, removed = map[string]string{}, map[string]bool{}
	for _, e := range hcm.GetEarlyHeaderMutationExtensions() {
		m, ok := decode[*mutationv3.HeaderMutation](e.GetTypedConfig())
		if !ok {
			continue
		}
		for _, one := range m.GetMutations() {
			if name := strings.ToLower(one.GetRemove()); name != "" {
				removed[name] = true
				delete(set, name)
			}
			if h := one.GetAppend().GetHeader(); h != nil {
				set[strings.ToLower(h.GetKey())] = h.GetValue()
			}
		}
	}
	return set, removed
}

// checkOneHopTracing checks the traces of the only listener, whose span is that of
// the request.
func (c *checker) checkOneHopTracing() {
	c.checkOuterTracing(c.inner)
	if traces(c.inner.hcm) && !c.inner.hcm.GetTracing().GetNoContextPropagation() {
		c.problem(c.inner.path+".tracing.no_context_propagation", "is not true", "the provider gets the ids of traces (traceparent, tracestate)", "write no_context_propagation: true")
	}
}
