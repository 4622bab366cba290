package bootstrap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	expr "cel.dev/expr"
	xdsmatcher "github.com/cncf/xds/go/xds/type/matcher/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	customv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/custom_response/v3"
	statusv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// checkOverrides looks for filters that replace replies by their status, which
// may be heald's own.
func (c *checker) checkOverrides(routes []*routeRef) {
	seen := map[string]bool{}
	for _, r := range routes {
		for i, f := range r.chain.hcm.GetHttpFilters() {
			custom, ok := decode[*customv3.CustomResponse](f.GetTypedConfig())
			if !ok {
				continue
			}
			path := fmt.Sprintf("%s.http_filters[%s]", r.chain.path, itemLabel(f.ProtoReflect(), i))
			off := f.GetDisabled()
			if own, at := r.perFilter(f.GetName()); own != nil {
				around, _ := decode[*routev3.FilterConfig](own)
				off = around.GetDisabled()
				if around != nil {
					own = around.GetConfig()
				}
				if other, ok := decode[*customv3.CustomResponse](own); ok {
					custom, path = other, at
				}
			}
			if off || seen[path] {
				continue
			}
			seen[path] = true
			c.checkOverride(custom.GetCustomResponseMatcher(), path)
		}
	}
}

func (c *checker) checkOverride(m *xdsmatcher.Matcher, path string) {
	var own []int
	for status := firstError; status <= lastError; status++ {
		if replaced(m, status) && !slices.Contains(c.want.Reserved, status) {
			own = append(own, status)
		}
	}
	if replaced(m, 200) {
		own = append([]int{200}, own...)
	}
	if len(own) > 0 {
		c.problem(path, "replies with "+statuses(own)+" are replaced, which heald uses itself",
			"clients get this text instead of heald's error: neither the form of their API, nor retry-after, nor whether to try again",
			"replace only statuses that heald does not use: "+reservedHint)
	}
}

// perFilter is what the most specific level says about a filter, and where.
func (r *routeRef) perFilter(name string) (*anypb.Any, string) {
	for _, level := range []struct {
		path string
		of   map[string]*anypb.Any
	}{
		{r.weightPath, r.weight.GetTypedPerFilterConfig()},
		{r.path, r.route.GetTypedPerFilterConfig()},
		{r.hostPath, r.host.GetTypedPerFilterConfig()},
		{r.configPath, r.config.GetTypedPerFilterConfig()},
	} {
		if config := level.of[name]; config != nil {
			return config, fmt.Sprintf("%s.typed_per_filter_config[%s]", level.path, name)
		}
	}
	return nil, ""
}

// replaced reports whether a matcher may replace replies with that status. What
// does not depend on the status counts as met.
func replaced(m *xdsmatcher.Matcher, status int) bool {
	for _, one := range m.GetMatcherList().GetMatchers() {
		if may(one.GetPredicate(), status) {
			return true
		}
	}
	text := strconv.Itoa(status)
	if tree := m.GetMatcherTree(); tree != nil {
		if _, found := tree.GetExactMatchMap().GetMap()[text]; found {
			return true
		}
		for prefix := range tree.GetPrefixMatchMap().GetMap() {
			if strings.HasPrefix(text, prefix) {
				return true
			}
		}
	}
	return m.GetOnNoMatch() != nil
}

func may(p *xdsmatcher.Matcher_MatcherList_Predicate, status int) bool {
	switch p := p.GetMatchType().(type) {
	case *xdsmatcher.Matcher_MatcherList_Predicate_OrMatcher:
		return slices.ContainsFunc(p.OrMatcher.GetPredicate(), func(one *xdsmatcher.Matcher_MatcherList_Predicate) bool { return may(one, status) })
	case *xdsmatcher.Matcher_MatcherList_Predicate_AndMatcher:
		return !slices.ContainsFunc(p.AndMatcher.GetPredicate(), func(one *xdsmatcher.Matcher_MatcherList_Predicate) bool { return !may(one, status) })
	case *xdsmatcher.Matcher_MatcherList_Predicate_NotMatcher:
		return !byStatus(p.NotMatcher) || !may(p.NotMatcher, status)
	case *xdsmatcher.Matcher_MatcherList_Predicate_SinglePredicate_:
		return single(p.SinglePredicate, status)
	}
	return true
}

// byStatus reports whether a predicate looks at nothing but the status.
func byStatus(p *xdsmatcher.Matcher_MatcherList_Predicate) bool {
	_, ok := decode[*statusv3.HttpResponseStatusCodeMatchInput](p.GetSinglePredicate().GetInput().GetTypedConfig())
	return ok
}

func single(p *xdsmatcher.Matcher_MatcherList_Predicate_SinglePredicate, status int) bool {
	text := strconv.Itoa(status)
	if _, ok := decode[*statusv3.HttpResponseStatusCodeClassMatchInput](p.GetInput().GetTypedConfig()); ok {
		text = text[:1] + "xx"
	} else if _, ok := decode[*statusv3.HttpResponseStatusCodeMatchInput](p.GetInput().GetTypedConfig()); !ok {
		cel, ok := decode[*xdsmatcher.CelMatcher](p.GetCustomMatch().GetTypedConfig())
		if !ok {
			return true
		}
		met, known := celStatus(celExpr(cel), int64(status))
		return met || !known
	}
	switch m := p.GetValueMatch().GetMatchPattern().(type) {
	case *xdsmatcher.StringMatcher_Exact:
		return m.Exact == text
	case *xdsmatcher.StringMatcher_Prefix:
		return strings.HasPrefix(text, m.Prefix)
	case *xdsmatcher.StringMatcher_Suffix:
		return strings.HasSuffix(text, m.Suffix)
	}
	return true
}

// celExpr is the expression in the form in which Envoy Gateway writes ranges of
// statuses.
func celExpr(m *xdsmatcher.CelMatcher) *expr.Expr {
	return m.GetExprMatch().GetCelExprParsed().GetExpr()
}

// celStatus evaluates comparisons of response.code with numbers, and "and" and
// "or" of them. known says whether the expression has nothing else.
func celStatus(e *expr.Expr, status int64) (met, known bool) {
	call := e.GetCallExpr()
	if call == nil || len(call.GetArgs()) != 2 {
		return false, false
	}
	a, b := call.GetArgs()[0], call.GetArgs()[1]
	switch call.GetFunction() {
	case "_&&_":
		x, knownX := celStatus(a, status)
		y, knownY := celStatus(b, status)
		return x && y, knownX && knownY || knownX && !x || knownY && !y
	case "_||_":
		x, knownX := celStatus(a, status)
		y, knownY := celStatus(b, status)
		return x || y, knownX && knownY || x && knownX || y && knownY
	}
	if a.GetSelectExpr().GetField() != "code" || a.GetSelectExpr().GetOperand().GetIdentExpr().GetName() != "response" {
		return false, false
	}
	if _, ok := b.GetConstExpr().GetConstantKind().(*expr.Constant_Int64Value); !ok {
		return false, false
	}
	n := b.GetConstExpr().GetInt64Value()
	switch call.GetFunction() {
	case "_>=_":
		return status >= n, true
	case "_<=_":
		return status <= n, true
	case "_>_":
		return status > n, true
	case "_<_":
		return status < n, true
	case "_==_":
		return status == n, true
	case "_!=_":
		return status != n, true
	}
	return false, false
}
