package bootstrap

import (
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	injectorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/credential_injector/v3"
	genericv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/http/injected_credentials/generic/v3"

	"github.com/heald-proxy/heald/policies"
)

// level is one place where a route changes headers. Envoy goes from the most
// specific level to the least, and at each level removes before it adds.
type level struct {
	path   string
	remove []string
	add    []*corev3.HeaderValueOption
}

func (r *routeRef) requestLevels() []level {
	levels := []level{
		{r.path, r.route.GetRequestHeadersToRemove(), r.route.GetRequestHeadersToAdd()},
		{r.hostPath, r.host.GetRequestHeadersToRemove(), r.host.GetRequestHeadersToAdd()},
		{r.configPath, r.config.GetRequestHeadersToRemove(), r.config.GetRequestHeadersToAdd()},
	}
	if r.weight != nil {
		levels = slices.Insert(levels, 0, level{r.weightPath, r.weight.GetRequestHeadersToRemove(), r.weight.GetRequestHeadersToAdd()})
	}
	return r.ordered(levels)
}

func (r *routeRef) responseLevels() []level {
	levels := []level{
		{r.path, r.route.GetResponseHeadersToRemove(), r.route.GetResponseHeadersToAdd()},
		{r.hostPath, r.host.GetResponseHeadersToRemove(), r.host.GetResponseHeadersToAdd()},
		{r.configPath, r.config.GetResponseHeadersToRemove(), r.config.GetResponseHeadersToAdd()},
	}
	if r.weight != nil {
		levels = slices.Insert(levels, 0, level{r.weightPath, r.weight.GetResponseHeadersToRemove(), r.weight.GetResponseHeadersToAdd()})
	}
	return r.ordered(levels)
}

func (r *routeRef) ordered(levels []level) []level {
	if r.config.GetMostSpecificHeaderMutationsWins() {
		slices.Reverse(levels)
	}
	return levels
}

// outcome is what happens to one header on its way through the levels.
type outcome struct {
	passes bool   // the sender's value goes through
	set    bool   // the route sends its own value
	value  string // that value
	lostAt string // the level that removes the route's own value; "" if none does
}

func trace(levels []level, name string) outcome { return outcome{passes: true}.through(levels, name) }

// request is what happens to a client's header on the way through the filters
// that inject a secret, and the route.
func (r *routeRef) request(name string) outcome {
	return r.injected(name).through(r.requestLevels(), name)
}

// secretValue stands for a value that comes by SDS, and so cannot be compared.
const secretValue = "%A_SECRET%"

// injected is what filters do with a header before the route: one that injects
// credentials sets a secret that no configuration shows.
func (r *routeRef) injected(name string) outcome {
	f := outcome{passes: true}
	for _, filter := range r.chain.hcm.GetHttpFilters() {
		injector, ok := decode[*injectorv3.CredentialInjector](filter.GetTypedConfig())
		if !ok {
			continue
		}
		on := !filter.GetDisabled()
		if own, _ := r.perFilter(filter.GetName()); own != nil {
			around, _ := decode[*routev3.FilterConfig](own)
			on = !around.GetDisabled()
		}
		generic, ok := decode[*genericv3.Generic](injector.GetCredential().GetTypedConfig())
		if on && ok && strings.EqualFold(generic.GetHeader(), name) {
			f = outcome{passes: !injector.GetOverwrite(), set: true, value: generic.GetHeaderValuePrefix() + secretValue}
		}
	}
	return f
}

func (f outcome) through(levels []level, name string) outcome {
	for _, l := range levels {
		if slices.ContainsFunc(l.remove, func(h string) bool { return strings.EqualFold(h, name) }) {
			if f.set {
				f.lostAt = l.path
			}
			f.passes, f.set, f.value = false, false, ""
		}
		for _, h := range l.add {
			if strings.EqualFold(h.GetHeader().GetKey(), name) {
				f.add(h)
			}
		}
	}
	return f
}

func (f *outcome) add(h *corev3.HeaderValueOption) {
	action := h.GetAppendAction()
	if olderAppend(h) != nil { // the older field wins if it is given
		action = corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD
		if olderAppend(h).GetValue() {
			action = corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD
		}
	}
	switch action {
	case corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD:
		f.passes = false
	case corev3.HeaderValueOption_OVERWRITE_IF_EXISTS:
		if !f.passes && !f.set {
			return
		}
		f.passes = false
	}
	f.set, f.value, f.lostAt = true, h.GetHeader().GetValue(), ""
}

// setByRoute is the value that the route gives to a setting of the policy, whatever
// heald.yaml says; "" if it gives none. It does so in a header, or the filter does
// in its initial metadata, which heald prefers.
func (c *checker) setByRoute(r *routeRef, name string) (value string) {
	list := trace(r.requestLevels(), policies.HeaderSet).value
	for _, m := range c.filter.config.GetGrpcService().GetInitialMetadata() {
		if strings.EqualFold(m.GetKey(), policies.HeaderSet) && m.GetValue() != "" {
			list = m.GetValue()
		}
	}
	for item := range strings.SplitSeq(list, ",") {
		if n, v, _ := strings.Cut(strings.TrimSpace(item), "="); n == name {
			value = v // the last one counts
		}
	}
	return value
}
