package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"github.com/heald-proxy/heald/policies"
)

// hedgeHeaders are those with which heald asks the inner router to send an
// attempt a second time.
var hedgeHeaders = []string{policies.HeaderHedge, policies.HeaderPerTryTimeout, policies.HeaderMaxRetries, policies.HeaderRetryOn, policies.HeaderRetriableHeader}

// hedgePercent is the most of the requests under way that may be sent twice, and
// hedgeFloor the number that always may.
const (
	hedgePercent = 10
	hedgeFloor   = 5
	hedgeBudget  = "retry_budget: {budget_percent: {value: 10}, min_retry_concurrency: 5}"
)

const (
	sentOnce = "slow attempts are not sent a second time, though a policy says hedge"
)

// checkHedge checks that the inner router sends an attempt a second time where
// heald asks for it, and takes the better reply.
func (c *checker) checkHedge() {
	if !c.want.Hedge && !slices.ContainsFunc(c.outer, c.hedgesByRoute) {
		return
	}
	if !c.filter.config.GetMutationRules().GetAllowEnvoy().GetValue() {
		c.problem(c.filter.path+".mutation_rules.allow_envoy", "not set",
			"Envoy silently ignores the x-envoy-* headers by which heald asks: "+sentOnce, "mutation_rules: {allow_all_routing: true, allow_envoy: true}")
	}
	c.checkHedgePasses()
	filters, path := upstreamFilters(c.inner)
	if !marksLost(filters) {
		c.problem(path, "no Lua filter marks failed replies with "+policies.HeaderLost,
			"an error of the second call ends the attempt while the first one may still be answered",
			"copy the filters heald.hedge and envoy.filters.http.upstream_codec of envoy.yaml's inner router")
	}
	for _, r := range uniq(c.inner.routes()) {
		c.checkHedgeTold(r)
	}
	for _, backend := range c.want.Backends {
		if c.cluster(backend) != nil {
			c.checkHedgeBudget(c.limits(backend))
		}
	}
}

// hedgesByRoute reports whether the route switches hedge on by itself.
func (c *checker) hedgesByRoute(r *routeRef) bool {
	value := c.setByRoute(r, "hedge")
	return value != "" && value != "off"
}

// checkHedgePasses checks that no script behind heald removes the headers with
// which heald asks the router.
func (c *checker) checkHedgePasses() {
	for i, f := range c.inner.hcm.GetHttpFilters() {
		lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
		if !ok || !strings.Contains(luaText(lua), ":remove(") {
			continue
		}
		for _, name := range hedgeHeaders {
			if !strings.Contains(luaText(lua), name) {
				c.problem(fmt.Sprintf("%s.http_filters[%s]", c.inner.path, itemLabel(f.ProtoReflect(), i)), "a script that removes headers does not name "+name,
					"if it removes it, "+sentOnce, "copy the filter heald.allow of envoy.yaml")
				break
			}
		}
	}
}

// marksLost reports whether a Lua filter marks replies as lost.
func marksLost(filters []*hcmv3.HttpFilter) bool {
	return slices.ContainsFunc(filters, func(f *hcmv3.HttpFilter) bool {
		lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
		if !ok {
			return false
		}
		inFile := lua.GetDefaultSourceCode().GetFilename() != "" && strings.Contains(f.GetName(), "hedge")
		return inFile || strings.Contains(luaText(lua), `add("`+policies.HeaderLost)
	})
}

// checkHedgeTold checks that heald learns which of two calls was answered.
func (c *checker) checkHedgeTold(r *routeRef) {
	told := slices.ContainsFunc(r.responseLevels(), func(l level) bool {
		return slices.ContainsFunc(l.add, func(h *corev3.HeaderValueOption) bool {
			return strings.EqualFold(h.GetHeader().GetKey(), policies.HeaderHedged) && h.GetHeader().GetValue() == "%REQUEST_TX_DURATION%" &&
				h.GetAppendAction() == corev3.HeaderValueOption_OVERWRITE_IF_EXISTS
		})
	})
	if !told {
		c.note(r.hostPath+".response_headers_to_add", "no "+policies.HeaderHedged+" with the time of sending",
			"heald cannot tell which of two calls was answered: its log and metrics say `sent` instead of `won` or `lost`",
			`{header: {key: x-heald-hedged, value: "%REQUEST_TX_DURATION%"}, append_action: OVERWRITE_IF_EXISTS}`)
	}
	if removed(r, policies.HeaderHedged) {
		c.problem(r.hostPath+".response_headers_to_remove", policies.HeaderHedged+" is removed before heald sees it",
			"heald assumes that nothing was sent twice, and does not count it against its budget", "remove it from this list; heald keeps it from clients")
	}
}

// removed reports whether the route removes a header of responses.
func removed(r *routeRef, name string) bool {
	return slices.ContainsFunc(r.responseLevels(), func(l level) bool {
		return slices.ContainsFunc(l.remove, func(h string) bool { return strings.EqualFold(h, name) })
	})
}

// checkHedgeBudget checks how many attempts may be sent twice at a time.
func (c *checker) checkHedgeBudget(l limits) {
	budget := l.t.GetRetryBudget()
	if budget == nil {
		c.problem(l.path+".retry_budget", "not set", "the number of attempts that are sent twice at a time does not follow the load: Envoy allows max_retries, 3 by default", hedgeBudget)
		return
	}
	percent, floor := float64(defaultPercent), uint32(defaultFloor)
	if v := budget.GetBudgetPercent(); v != nil {
		percent = v.GetValue()
	}
	if v := budget.GetMinRetryConcurrency(); v != nil {
		floor = v.GetValue()
	}
	if percent > hedgePercent {
		c.problem(l.path+".retry_budget.budget_percent", fmt.Sprintf("%g", percent),
			"when the provider is slow as a whole, more than a tenth of the requests run twice and make it slower", "budget_percent: {value: 10}")
	}
	if floor > hedgeFloor*10 {
		c.note(l.path+".retry_budget.min_retry_concurrency", fmt.Sprint(floor),
			"this many requests may run twice at a time, however few there are", "min_retry_concurrency: 5")
	}
}
