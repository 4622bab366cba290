package bootstrap

import (
	"fmt"
	"strings"

	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/durationpb"
)

// checkOuter finds the routes that lead to the inner listener and checks each.
func (c *checker) checkOuter() {
	unseen := c.lds || c.cds
	for _, ch := range c.chains {
		if ch == c.inner {
			continue
		}
		unseen = unseen || ch.hcm.GetRouteConfig() == nil
		if ch.hcm.GetRouteConfig() == nil {
			c.note(ch.path, "its routes come by RDS or are chosen by scope", "they were not checked",
				"check a configuration with the routes in it")
		}
		if c.dump != nil {
			continue // they were found before
		}
		for _, r := range ch.routes() {
			if c.leadsToInner(r.cluster) {
				c.outer = append(c.outer, r)
			}
		}
	}
	if len(c.outer) == 0 {
		c.unless(unseen, "static_resources.listeners", fmt.Sprintf("no route leads to heald's listener %q", c.inner.listener.GetName()),
			"no request reaches heald", "add a route to a cluster whose endpoint is that listener, see envoy.yaml's cluster `inner`")
		return
	}
	seen := map[*chain]bool{}
	for _, r := range uniq(c.outer) {
		if !seen[r.chain] {
			seen[r.chain] = true
			c.checkOuterListener(r.chain)
			c.checkDoor(r.chain)
			c.checkDecompressors(r.chain)
			c.checkHeaderCount(r.chain)
			c.checkUpgrade(r.chain)
			c.checkOfferOfTLS(r.chain)
			c.checkSpellings(r.chain)
			c.checkAsked(r.chain)
			c.checkClose(r.chain)
			c.checkUnderscores(r.chain)
		}
		c.checkExpect(r)
		c.checkOuterTimes(r)
		c.checkRetry(r)
		c.checkCopies(r)
		c.checkBodyLimit(r, "requests above it lose their retries: the first failure is final")
		c.checkMemory(r)
	}
	for _, r := range c.outer {
		c.checkOuterHeaders(r)
		c.checkHop(r)
	}
	c.checkOverrides(c.outer)
	c.checkHosts()
}

func (c *checker) checkOuterListener(ch *chain) {
	hcm := ch.hcm
	if !hcm.GetUseRemoteAddress().GetValue() {
		c.note(ch.path+".use_remote_address", "not set",
			"clients choose x-forwarded-for, x-request-id (the key of memory between attempts) and x-envoy-* headers",
			"use_remote_address: true, unless a trusted proxy is in front")
	}
	if hcm.GetPreserveExternalRequestId() && !c.ownIDs(ch) {
		c.problem(ch.path+".preserve_external_request_id", "true",
			"clients choose the request id, to which memory between attempts is bound and by which requests are found in the log",
			"remove preserve_external_request_id here; or, if other sites need it, set x-request-id: \"%UNIQUE_ID%\" on the routes to heald, see envoy/README.md")
	}
	if hcm.GetGenerateRequestId() != nil && !hcm.GetGenerateRequestId().GetValue() && !c.ownIDs(ch) {
		c.problem(ch.path+".generate_request_id", "false",
			"attempts of one request cannot be told to belong together; memory between them is lost", "remove generate_request_id")
	}
	if d := hcm.GetCommonHttpProtocolOptions().GetMaxStreamDuration(); d != nil && d.AsDuration() > 0 && !c.ownDuration(ch) {
		c.problem(ch.path+".common_http_protocol_options.max_stream_duration", d.AsDuration().String(),
			"long answers are cut off in the middle", "remove max_stream_duration; or, if other sites need it, max_stream_duration: {max_stream_duration: 0s} on the routes to heald")
	}
}

// checkExpect looks for forwarded 100 Continue: after any 1xx response a request is not
// retried.
func (c *checker) checkExpect(r *routeRef) {
	if r.chain.hcm.GetProxy_100Continue() && trace(r.requestLevels(), "expect").passes {
		c.problem(r.path+".request_headers_to_remove", "expect passes, and proxy_100_continue forwards the 100 Continue",
			"requests with Expect: 100-continue (curl above 1 MB, .NET, Java) are never retried",
			"list expect here, or remove proxy_100_continue")
	}
}

func (c *checker) checkOuterTimes(r *routeRef) {
	if d := r.action().GetTimeout(); d == nil || d.AsDuration() != 0 {
		c.problem(r.field("timeout"), fmt.Sprintf("the route ends after %s", durationText(d, "the default of 15s")),
			"it covers all attempts together; longer answers are cut off", "timeout: 0s")
	}
	if d := r.action().GetMaxStreamDuration().GetMaxStreamDuration(); d != nil && d.AsDuration() > 0 {
		c.problem(r.field("max_stream_duration"), d.AsDuration().String(), "longer answers are cut off in the middle", "remove max_stream_duration")
	}
	c.checkIdle(r)
	c.checkForever(r)
	policy, path := r.retryPolicy()
	for _, timer := range []struct {
		name string
		set  bool
	}{
		{"per_try_timeout", policy.GetPerTryTimeout().AsDuration() > 0},
		{"per_try_idle_timeout", policy.GetPerTryIdleTimeout().AsDuration() > 0},
	} {
		if timer.set {
			c.problem(path+"."+timer.name, "set on the outer route",
				"it includes heald's waits before an attempt; the client gets a final 504",
				"remove "+timer.name+"; heald has its own deadlines")
		}
	}
}

// checkIdle checks the longest silence that a listener allows. A route's own
// limit replaces the listener's.
func (c *checker) checkIdle(r *routeRef) {
	d, path, unset := r.idle()
	longest := max(c.want.Wait, c.want.Silence)
	if !unlimited(d, longest) {
		c.problem(path, fmt.Sprintf("%s is not longer than the longest wait or silence (%s)", durationText(d, unset), longest),
			"requests that wait, and answers that pause, are ended with a 504 or a broken stream",
			fmt.Sprintf("a time above %ds", int(longest.Seconds())))
	}
}

// idle returns the longest silence that is allowed, where that is set, and the
// default.
func (r *routeRef) idle() (d *durationpb.Duration, path, unset string) {
	if d = r.action().GetIdleTimeout(); d != nil {
		return d, r.field("idle_timeout"), ""
	}
	return r.chain.hcm.GetStreamIdleTimeout(), r.chain.path + ".stream_idle_timeout", "the default of 5m0s"
}

// checkForever checks that a client which vanished is disconnected. For the
// inner listener heald has that timer.
func (c *checker) checkForever(r *routeRef) {
	if d, path, _ := r.idle(); d != nil && d.AsDuration() == 0 {
		c.note(path, "0s: none", "clients that stall or vanish silently are kept for ever, with their requests",
			fmt.Sprintf("a time above %ds", int(max(c.want.Wait, c.want.Silence).Seconds())))
	}
}

// checkCopies checks that one attempt at a time is made.
func (c *checker) checkCopies(r *routeRef) {
	if hedge, path := r.hedgePolicy(); hedge.GetHedgeOnPerTryTimeout() || hedge.GetInitialRequests().GetValue() > 1 ||
		hedge.GetAdditionalRequestChance().GetNumerator() > 0 {
		c.problem(path, "requests are hedged", "two attempts run at a time: both are billed, and memory between them is wrong", "remove hedge_policy")
	}
	if len(r.action().GetRequestMirrorPolicies()) > 0 {
		c.problem(r.field("request_mirror_policies"), "requests are mirrored", "each mirrored request is billed as well", "remove request_mirror_policies")
	}
}

// leadsToInner reports whether a cluster's endpoints are the inner listener.
func (c *checker) leadsToInner(cluster string) bool {
	return c.assumed[cluster] || c.leadsTo(c.inner, cluster)
}

func (v *view) leadsTo(ch *chain, cluster string) bool {
	for _, group := range v.cluster(cluster).GetLoadAssignment().GetEndpoints() {
		for _, e := range group.GetLbEndpoints() {
			if ch.listensAt(e.GetEndpoint().GetAddress()) {
				return true
			}
		}
	}
	return false
}

// websocket reports whether the connection manager lets requests become
// something other than HTTP.
func websocket(upgrades []*hcmv3.HttpConnectionManager_UpgradeConfig) bool {
	for _, u := range upgrades {
		if (u.GetEnabled() == nil || u.GetEnabled().GetValue()) && !strings.EqualFold(u.GetUpgradeType(), "CONNECT-UDP") {
			return true
		}
	}
	return false
}
