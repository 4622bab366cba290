package bootstrap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	"github.com/heald-proxy/heald/policies"
)

// Envoy reads retry settings from these request headers too; a route can set
// them instead of its own fields.
const (
	retryOnHeader    = "x-envoy-retry-on"
	retryNamesHeader = "x-envoy-retriable-header-names"
	maxRetriesHeader = "x-envoy-max-retries"
	statusesHeader   = "x-envoy-retriable-status-codes"
)

// retry is what a route retries, from its policy and the headers it sets.
type retry struct {
	policy   *routev3.RetryPolicy
	path     string // of the policy
	on       []string
	mark     bool // a reply with heald's mark is retried
	stamp    bool // a reply without heald's stamp is retried
	statuses []uint32
	retries  int
	numPath  string // of the number of retries
}

func (r *routeRef) retry() retry {
	policy, path := r.retryPolicy()
	t := retry{policy: policy, path: path, statuses: policy.GetRetriableStatusCodes(), retries: 1, numPath: path + ".num_retries"}
	t.on = words(policy.GetRetryOn())
	for _, m := range policy.GetRetriableHeaders() {
		t.mark = t.mark || matchesMark(m)
		t.stamp = t.stamp || matchesMissingStamp(m)
	}
	if n := policy.GetNumRetries(); n != nil {
		t.retries = int(n.GetValue())
	}
	levels := r.requestLevels()
	t.on = append(t.on, words(trace(levels, retryOnHeader).value)...)
	t.mark = t.mark || slices.Contains(words(trace(levels, retryNamesHeader).value), policies.HeaderRetry)
	for _, code := range words(trace(levels, statusesHeader).value) {
		if n, err := strconv.ParseUint(code, 10, 16); err == nil {
			t.statuses = append(slices.Clone(t.statuses), uint32(n))
		}
	}
	if f := trace(levels, maxRetriesHeader); f.set {
		if n, err := strconv.Atoi(f.value); err == nil {
			t.retries, t.numPath = n, r.path+".request_headers_to_add"
		}
	}
	return t
}

// has reports whether one of the conditions is listed.
func (t *retry) has(conditions ...string) bool {
	return slices.ContainsFunc(conditions, func(c string) bool { return slices.Contains(t.on, c) })
}

// status reports whether replies of that status are retried.
func (t *retry) status(code int) bool {
	return t.has("retriable-status-codes") && slices.Contains(t.statuses, uint32(code)) ||
		t.has("5xx") && code >= 500 ||
		t.has("gateway-error") && code >= 502 && code <= 504
}

// checkRetry checks what the outer route retries, and how often.
func (c *checker) checkRetry(r *routeRef) {
	t := r.retry()
	c.checkMark(&t)
	c.checkDead(&t)
	c.checkStatuses(&t)
	if !t.has("reset", "5xx", "gateway-error") {
		c.problem(t.path+".retry_on", "reset is missing",
			"when the connection to the inner listener breaks, the client gets a 503", "add reset,connect-failure,refused-stream to retry_on")
	}
	if t.retries < c.want.Attempts-1 {
		c.problem(t.numPath, fmt.Sprintf("%d retries, but heald makes up to %d attempts", t.retries, c.want.Attempts),
			"the client gets an error that another attempt might have avoided",
			fmt.Sprintf("num_retries: %d, or fewer attempts in heald.yaml", c.want.Attempts-1))
	}
	if len(t.policy.GetRetriableRequestHeaders()) > 0 {
		c.problem(t.path+".retriable_request_headers", "set", "requests without these headers are never retried", "remove retriable_request_headers")
	}
	if !c.want.OwnWait {
		c.checkBackOff(&t)
	}
}

// defaultMaxInterval is Envoy's for rate_limited_retry_back_off.
const defaultMaxInterval = 300 * time.Second

// checkBackOff checks that Envoy waits as long as heald asks it to.
func (c *checker) checkBackOff(t *retry) {
	const consequence = "retries come at once when a provider asked for a wait, and use up the attempts"
	path := t.path + ".rate_limited_retry_back_off"
	if !readsWait(t.policy) {
		c.problem(path, "x-heald-retry-after is not read", consequence, fmt.Sprintf(
			"rate_limited_retry_back_off: {max_interval: %ds, reset_headers: [{name: x-heald-retry-after, format: SECONDS}]}, or `wait: heald` in heald.yaml",
			wholeSeconds(max(c.want.RetryAfter, time.Minute))))
		return
	}
	longest, found := defaultMaxInterval, "unset, which is 300s"
	if set := t.policy.GetRateLimitedRetryBackOff().GetMaxInterval(); set != nil {
		longest, found = set.AsDuration(), set.AsDuration().String()
	}
	if longest < c.want.RetryAfter {
		c.problem(path+".max_interval", fmt.Sprintf("%s, but heald asks Envoy to wait for up to %s: Envoy ignores longer waits", found, c.want.RetryAfter),
			consequence, fmt.Sprintf("max_interval: %ds, or max_wait of at most %s in heald.yaml", wholeSeconds(c.want.RetryAfter), longest))
	}
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// checkMark checks that replies which heald marks are retried.
func (c *checker) checkMark(t *retry) {
	const consequence = "replies that heald wants repeated go to the client as errors"
	switch {
	case !t.has("retriable-headers"):
		c.problem(t.path+".retry_on", "retriable-headers is missing", consequence, "add retriable-headers to retry_on")
	case !t.mark:
		c.problem(t.path+".retriable_headers", "the mark "+policies.HeaderRetry+" is not matched", consequence,
			`add {name: x-heald-retry, string_match: {exact: "1"}}`)
	}
}

// checkDead checks that replies which heald did not make are retried: its
// replica died, or the provider's connection broke while heald held the answer.
func (c *checker) checkDead(t *retry) {
	if t.stamp && t.has("retriable-headers") {
		return
	}
	byMark := t.mark && t.has("retriable-headers")
	died := http500
	if code := c.filter.config.GetStatusOnError().GetCode(); code != 0 {
		died = int(code)
	}
	deadCovered := byMark && c.marked(deadSidecar) || t.status(died)
	if !deadCovered {
		c.problem(t.path+".retriable_headers", "a reply without heald's stamp is not matched",
			"when a replica of heald dies, its requests end with an error",
			"add {name: x-heald-verdict, present_match: true, invert_match: true}, or let a mapper of the inner listener set x-heald-retry: 1 on ext_proc_error")
	}
	brokenCovered := byMark && c.marked(brokenReply) || t.status(502) && t.status(503) && t.status(504)
	if !brokenCovered {
		c.problem(t.path+".retriable_headers", "replies of the inner listener for broken provider connections are not matched",
			"when a provider breaks off before heald has passed anything on, the client gets the error",
			"add {name: x-heald-verdict, present_match: true, invert_match: true}, or let a mapper of the inner listener set x-heald-retry: 1 on upstream_")
	}
}

// http500 is what Envoy answers when ext_proc fails and nothing else is set.
const http500 = 500

func matchesMark(m *routev3.HeaderMatcher) bool {
	if !strings.EqualFold(m.GetName(), policies.HeaderRetry) || m.GetInvertMatch() {
		return false
	}
	return m.GetPresentMatch() || m.GetStringMatch().GetExact() == "1" || olderExact(m) == "1" || m.GetHeaderMatchSpecifier() == nil
}

func matchesMissingStamp(m *routev3.HeaderMatcher) bool {
	if !strings.EqualFold(m.GetName(), policies.HeaderVerdict) {
		return false
	}
	if present, ok := m.GetHeaderMatchSpecifier().(*routev3.HeaderMatcher_PresentMatch); ok {
		return present.PresentMatch == m.GetInvertMatch()
	}
	return m.GetInvertMatch() && m.GetTreatMissingHeaderAsEmpty()
}

func readsWait(p *routev3.RetryPolicy) bool {
	for _, h := range p.GetRateLimitedRetryBackOff().GetResetHeaders() {
		if strings.EqualFold(h.GetName(), policies.HeaderRetryAfter) && h.GetFormat() == routev3.RetryPolicy_SECONDS {
			return true
		}
	}
	return false
}

// words splits a list at commas.
func words(list string) []string {
	var all []string
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, strings.ToLower(w))
		}
	}
	return all
}
