package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	mutationv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/early_header_mutation/header_mutation/v3"

	tracingv3 "github.com/envoyproxy/go-control-plane/envoy/type/tracing/v3"

	"github.com/heald-proxy/heald/policies"
)

// traced says how to switch traces on.
const traced = "copy the parts about traces from heald's envoy.yaml; heald envoy --otlp HOST:PORT prints them"

// checkTracing compares what Envoy traces with what heald sends.
func (c *checker) checkTracing() {
	seen := map[*chain]bool{}
	for _, r := range c.outer {
		if !seen[r.chain] {
			seen[r.chain] = true
			c.checkOuterTracing(r.chain)
		}
	}
	c.checkInnerTracing()
}

// traces reports whether a connection manager makes spans.
func traces(hcm *hcmv3.HttpConnectionManager) bool { return hcm.GetTracing().GetProvider() != nil }

func (c *checker) checkOuterTracing(outer *chain) {
	path := outer.path + ".tracing"
	t := outer.hcm.GetTracing()
	if !traces(outer.hcm) {
		if c.want.Traces {
			c.note(path, "is missing", "heald sends spans only for requests that Envoy samples, so none", traced)
		}
		return
	}
	if s := t.GetRandomSampling(); s == nil || s.GetValue() >= 100 {
		c.note(path+".random_sampling", "every request is traced", "each costs Envoy, heald and the collector time and memory", "write {value: 10}, or what the collector keeps; this is in percent")
	}
	c.checkURL(path, t)
	if c.want.Traces && t.GetSpawnUpstreamSpan().GetValue() {
		c.note(path+".spawn_upstream_span", "each attempt also has a span of Envoy", "heald's span of the request is shown below that of its last attempt", "remove it: heald has a span for each attempt")
	}
}

func (c *checker) checkInnerTracing() {
	path := c.inner.path
	named := namesSpan(c.inner.hcm)
	if named && !c.want.Traces {
		c.note(path+".early_header_mutation_extensions", "Envoy names a span of heald as the parent of its own, but heald sends none",
			"the provider's spans are shown without their parent", "configure record.otlp in heald.yaml, or remove the extension")
	}
	if !traces(c.inner.hcm) {
		return
	}
	if !c.inner.hcm.GetTracing().GetNoContextPropagation() {
		c.problem(path+".tracing.no_context_propagation", "is not true", "the provider gets the ids of traces (traceparent, tracestate)", "write no_context_propagation: true")
	}
	c.checkURL(path+".tracing", c.inner.hcm.GetTracing())
	if !named && c.want.Traces {
		c.note(path+".early_header_mutation_extensions", fmt.Sprintf("nothing sets %s", policies.HeaderTraceparent),
			"Envoy's span of an attempt is shown beside heald's, not below it", traced)
	}
}

// checkURL looks for the query in spans: native clients of Gemini may send their key
// there.
func (c *checker) checkURL(path string, t *hcmv3.HttpConnectionManager_Tracing) {
	length := t.GetMaxPathTagLength()
	replaced := slices.ContainsFunc(t.GetCustomTags(), func(tag *tracingv3.CustomTag) bool { return tag.GetTag() == "http.url" })
	if replaced || length != nil && length.GetValue() == 0 {
		return
	}
	c.note(path+".custom_tags", "the span's http.url has the query", "the collector gets API keys that clients put there (?key=)", `write custom_tags: [{tag: http.url, value: "%PATH(NQ)%"}]`)
}

// namesSpan reports whether the listener chooses the id of heald's span.
func namesSpan(hcm *hcmv3.HttpConnectionManager) bool {
	for _, e := range hcm.GetEarlyHeaderMutationExtensions() {
		m, ok := decode[*mutationv3.HeaderMutation](e.GetTypedConfig())
		if !ok {
			continue
		}
		for _, one := range m.GetMutations() {
			if strings.EqualFold(one.GetAppend().GetHeader().GetKey(), policies.HeaderTraceparent) {
				return true
			}
		}
	}
	return false
}
