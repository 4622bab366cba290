package bootstrap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	xdscore "github.com/cncf/xds/go/xds/core/v3"
	xdsmatcher "github.com/cncf/xds/go/xds/type/matcher/v3"
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	filelogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
	bufferv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/buffer/v3"
	corsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/cors/v3"
	injectorv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/credential_injector/v3"
	customv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/custom_response/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	statusv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// hops are the parts of a dump by what they do, so that a mistake can be made in
// any mesh's.
type hops struct {
	t      *testing.T
	c      *checker
	want   *Want
	outer  *routeRef
	inner  []*routeRef
	ext    *extprocv3.ExternalProcessor
	heald  *clusterv3.Cluster
	hop    *clusterv3.Cluster // that leads to the inner listener
	google *clusterv3.Cluster // a provider
}

func findHops(t *testing.T, d *Dump, want *Want) *hops {
	t.Helper()
	c := &checker{view: newView(d.all), want: *want, dump: d}
	if !c.findInner() {
		t.Fatal("no filter of heald")
	}
	if c.findOuter(); len(c.outer) == 0 {
		t.Fatal("no way to heald")
	}
	h := &hops{t: t, c: c, want: want, outer: c.outer[0], inner: c.inner.routes(), ext: c.filter.config, heald: c.cluster(c.filter.cluster()), hop: c.cluster(c.outer[0].cluster)}
	for _, r := range h.inner {
		if cl := c.cluster(r.cluster); cl != nil && c.provider(cl) {
			h.google = cl
		}
	}
	for _, backend := range want.Backends { // routes by cluster_header
		if cl := c.cluster(backend); cl != nil && c.provider(cl) {
			h.google = cl
		}
	}
	if h.heald == nil || h.hop == nil || h.google == nil {
		t.Fatal("a cluster is missing")
	}
	return h
}

// pack writes what was changed back into the dump.
func (h *hops) pack() {
	h.t.Helper()
	if _, ok := decode[*extprocv3.ExternalProcessor](h.c.filter.entry.GetTypedConfig()); ok {
		if err := encode(h.c.filter.entry.GetTypedConfig(), h.ext); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, ch := range []*chain{h.outer.chain, h.c.inner} {
		if err := ch.pack(); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *hops) any(m proto.Message) *anypb.Any {
	h.t.Helper()
	packed, err := anypb.New(m)
	if err != nil {
		h.t.Fatal(err)
	}
	return packed
}

// unlist takes a name from all lists that a route has.
func unlist(r *routeRef, name string) {
	same := func(s string) bool { return strings.EqualFold(s, name) }
	for _, list := range []*[]string{
		&r.route.RequestHeadersToRemove, &r.host.RequestHeadersToRemove, &r.config.RequestHeadersToRemove,
		&r.route.ResponseHeadersToRemove, &r.host.ResponseHeadersToRemove, &r.config.ResponseHeadersToRemove,
	} {
		*list = slices.DeleteFunc(*list, same)
	}
	for _, list := range []*[]*corev3.HeaderValueOption{&r.route.RequestHeadersToAdd, &r.host.RequestHeadersToAdd, &r.config.RequestHeadersToAdd} {
		*list = slices.DeleteFunc(*list, func(o *corev3.HeaderValueOption) bool { return same(o.GetHeader().GetKey()) })
	}
}

// smallBuffer leaves Envoy's default.
func smallBuffer(r *routeRef) {
	r.route.RequestBodyBufferLimit, r.host.RequestBodyBufferLimit, r.chain.listener.PerConnectionBufferLimitBytes = nil, nil, nil
	delete(r.route.TypedPerFilterConfig, "envoy.filters.http.buffer")
	r.chain.hcm.HttpFilters = slices.DeleteFunc(r.chain.hcm.HttpFilters, func(f *hcmv3.HttpFilter) bool {
		_, ok := decode[*bufferv3.Buffer](f.GetTypedConfig())
		return ok
	})
}

func (h *hops) policy() *routev3.RetryPolicy {
	p, _ := h.outer.retryPolicy()
	return p
}

func seconds(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }

// roleMistakes can be made in every mesh. Each is said in words that the good dump
// does not cause.
var roleMistakes = []struct {
	name string
	make func(h *hops)
	says string
}{
	{"outer buffer", func(h *hops) { smallBuffer(h.outer) }, "requests are kept up to 1048576 bytes"},
	{"inner buffer", func(h *hops) {
		for _, r := range h.inner {
			smallBuffer(r)
		}
	}, "requests are kept up to 1048576 bytes"},
	{"100 Continue", func(h *hops) { h.outer.chain.hcm.Proxy_100Continue = true; unlist(h.outer, "expect") }, "expect passes"},
	{"request ids of inner", func(h *hops) {
		h.c.inner.hcm.PreserveExternalRequestId, h.c.inner.hcm.UseRemoteAddress = false, wrapperspb.Bool(true)
	}, "preserve_external_request_id: not set"},
	{"request ids of clients", func(h *hops) { h.outer.chain.hcm.PreserveExternalRequestId = true }, "preserve_external_request_id: true"},
	{"underscores", func(h *hops) {
		h.outer.chain.hcm.CommonHttpProtocolOptions = &corev3.HttpProtocolOptions{HeadersWithUnderscoresAction: corev3.HttpProtocolOptions_REJECT_REQUEST}
	}, "headers_with_underscores_action: REJECT_REQUEST"},
	{"longest stream", func(h *hops) {
		h.outer.chain.hcm.CommonHttpProtocolOptions = &corev3.HttpProtocolOptions{MaxStreamDuration: seconds(60)}
	}, "max_stream_duration: 1m0s"},
	{"outer silence", func(h *hops) {
		h.outer.action().IdleTimeout, h.outer.chain.hcm.StreamIdleTimeout = nil, seconds(300)
	}, "stream_idle_timeout: 5m0s is not longer"},
	{"inner silence", func(h *hops) { h.c.inner.hcm.StreamIdleTimeout = seconds(60) }, "stream_idle_timeout: 1m0s is not longer"},
	{"outer timeout", func(h *hops) { h.outer.action().Timeout = seconds(30) }, "route.timeout: the route ends after 30s"},
	{"outer timeout by default", func(h *hops) { h.outer.action().Timeout = nil }, "route.timeout: the route ends after the default of 15s"},
	{"inner timeout", func(h *hops) { h.inner[0].action().Timeout = seconds(30) }, "route.timeout: an attempt ends after 30s"},
	{"time of a try", func(h *hops) { h.policy().PerTryTimeout = seconds(10) }, "per_try_timeout: set on the outer route"},
	{"few retries", func(h *hops) {
		unlist(h.outer, maxRetriesHeader)
		h.policy().NumRetries = wrapperspb.UInt32(1)
	}, "1 retries, but heald makes up to 5 attempts"},
	{"no retry by header", func(h *hops) { unlist(h.outer, retryOnHeader); h.policy().RetryOn = "reset" }, "retriable-headers is missing"},
	{"mark not matched", func(h *hops) { unlist(h.outer, retryNamesHeader); h.policy().RetriableHeaders = nil }, "the mark x-heald-retry is not matched"},
	{"no retry of resets", func(h *hops) {
		unlist(h.outer, retryOnHeader)
		h.policy().RetryOn = "retriable-headers,retriable-status-codes"
	}, "reset is missing"},
	{"retry of all errors", func(h *hops) { h.policy().RetryOn += ",5xx" }, "which heald uses itself"},
	{"retry of 429", func(h *hops) {
		h.policy().RetryOn += ",retriable-status-codes"
		h.policy().RetriableStatusCodes = append(h.policy().RetriableStatusCodes, 429)
	}, "replies with status 429 are retried"},
	{"hint not read", func(h *hops) { h.policy().RateLimitedRetryBackOff, h.want.OwnWait = nil, false }, "x-heald-retry-after is not read"},
	{"client's cluster", func(h *hops) { unlist(h.outer, "x-heald-cluster") }, "x-heald-cluster of a client passes"},
	{"client's settings", func(h *hops) { unlist(h.outer, "x-heald-set") }, "x-heald-set of a client passes"},
	{"stamp to clients", func(h *hops) { unlist(h.outer, "x-heald-verdict") }, "x-heald-verdict passes"},
	{"policy to the provider", func(h *hops) { unlist(h.inner[0], "x-heald-policy") }, "x-heald-policy passes"},
	{"mark of the provider", func(h *hops) { unlist(h.inner[0], "x-heald-retry") }, "x-heald-retry passes"},
	{"leads elsewhere", func(h *hops) {
		h.outer.action().ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: h.google.GetName()}
	}, "does not lead to heald's listener"},
	{"leads nowhere", func(h *hops) {
		h.outer.action().ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: "nowhere"}
	}, `there is no cluster "nowhere"`},
	{"mirrored", func(h *hops) {
		h.outer.action().RequestMirrorPolicies = []*routev3.RouteAction_RequestMirrorPolicy{{Cluster: "copy"}}
	}, "requests are mirrored"},
	{"inner retries", func(h *hops) { h.inner[0].action().RetryPolicy = &routev3.RetryPolicy{RetryOn: "5xx"} }, "the inner route retries by itself"},
	{"requests to inner at a time", func(h *hops) { h.hop.CircuitBreakers = nil }, "max_requests: 1024"},
	{"retries at a time", func(h *hops) {
		t := h.hop.GetCircuitBreakers().GetThresholds()[0]
		t.MaxRetries, t.RetryBudget = wrapperspb.UInt32(3), nil
	}, "max_retries is 3"},
	{"requests to heald at a time", func(h *hops) { h.heald.CircuitBreakers = nil }, "max_requests: 1024"},
	{"HTTP/1 to heald", func(h *hops) { h.heald.TypedExtensionProtocolOptions = nil }, "no HTTP/2"},
	{"dead connections to providers", func(h *hops) { h.google.TypedExtensionProtocolOptions = nil }, "idle connections are kept for the default of 1h0m0s"},
	{"any certificate", func(h *hops) {
		s := sockets(h.google)[0].socket
		tls, _ := decode[*tlsv3.UpstreamTlsContext](s.GetTypedConfig())
		tls.CommonTlsContext = nil
		s.ConfigType = &corev3.TransportSocket_TypedConfig{TypedConfig: h.any(tls)}
	}, "Envoy accepts any certificate"},
	{"provider in plain text", func(h *hops) { h.google.TransportSocket, h.google.TransportSocketMatches = nil, nil }, "googleapis.com is reached in plain text"},
	{"short message timeout", func(h *hops) { h.ext.MessageTimeout = seconds(10) }, "message_timeout: 10s is shorter"},
	{"answers in the wrong mode", func(h *hops) { h.ext.ProcessingMode.ResponseBodyMode = extprocv3.ProcessingMode_STREAMED }, "the response body mode is STREAMED"},
	{"requests without headers", func(h *hops) { h.ext.ProcessingMode.RequestHeaderMode = extprocv3.ProcessingMode_SKIP }, "request headers are not sent"},
	{"fails open", func(h *hops) { h.ext.FailureModeAllow = true }, "failure_mode_allow: true"},
	{"no details", func(h *hops) { h.ext.ResponseAttributes = nil }, "response.code_details is not sent"},
	{"only watches", func(h *hops) { h.ext.ObservabilityMode = true }, "observability_mode: true"},
	{"another service's filter", func(h *hops) {
		h.c.filter.entry.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: h.any(&corsv3.Cors{})}
	}, "no ext_proc filter of heald, but a route leads here"},
	{"text of all replies", func(h *hops) {
		h.c.inner.hcm.LocalReplyConfig = &hcmv3.LocalReplyConfig{BodyFormat: &corev3.SubstitutionFormatString{}}
	}, "applies to every local reply"},
	{"host not taken", func(h *hops) {
		h.inner[0].host.Domains = []string{"other.example"}
	}, "requests go to the inner listener"},
	{"replaced replies", func(h *hops) {
		only429 := &xdsmatcher.Matcher{MatcherType: &xdsmatcher.Matcher_MatcherList_{MatcherList: &xdsmatcher.Matcher_MatcherList{Matchers: []*xdsmatcher.Matcher_MatcherList_FieldMatcher{{
			Predicate: &xdsmatcher.Matcher_MatcherList_Predicate{MatchType: &xdsmatcher.Matcher_MatcherList_Predicate_SinglePredicate_{SinglePredicate: &xdsmatcher.Matcher_MatcherList_Predicate_SinglePredicate{
				Input:   &xdscore.TypedExtensionConfig{Name: "status", TypedConfig: h.any(&statusv3.HttpResponseStatusCodeMatchInput{})},
				Matcher: &xdsmatcher.Matcher_MatcherList_Predicate_SinglePredicate_ValueMatch{ValueMatch: &xdsmatcher.StringMatcher{MatchPattern: &xdsmatcher.StringMatcher_Exact{Exact: "429"}}},
			}}},
		}}}}}
		custom := &hcmv3.HttpFilter{Name: "custom", ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: h.any(&customv3.CustomResponse{CustomResponseMatcher: only429})}}
		h.outer.chain.hcm.HttpFilters = append([]*hcmv3.HttpFilter{custom}, h.outer.chain.hcm.HttpFilters...)
	}, "replies with status 429 are replaced"},
	{"keys in the log", func(h *hops) {
		h.outer.chain.hcm.AccessLog = []*accesslogv3.AccessLog{{Name: "file", ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: h.any(&filelogv3.FileAccessLog{Path: "/dev/stdout"})}}}
	}, "Envoy's default prints the path with its query"},
	{"no hop secret", func(h *hops) {
		unlist(h.outer, "x-heald-hop")
		h.outer.chain.hcm.HttpFilters = slices.DeleteFunc(h.outer.chain.hcm.HttpFilters, func(f *hcmv3.HttpFilter) bool {
			_, ok := decode[*injectorv3.CredentialInjector](f.GetTypedConfig())
			return ok
		})
	}, "no x-heald-hop is sent"},
	{"no memory", func(h *hops) {
		h.want.StoreMemory = false
		for _, f := range h.outer.chain.hcm.GetHttpFilters() {
			if _, ok := decode[*routerv3.Router](f.GetTypedConfig()); ok {
				f.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: h.any(&routerv3.Router{})}
			}
		}
		h.hop.TypedExtensionProtocolOptions = nil
	}, "no Lua filter carries x-heald-memory"},
	{"no count", func(h *hops) { h.want.StoreMemory, h.outer.host.IncludeRequestAttemptCount = false, false }, "include_request_attempt_count: not set"},
}

// TestRenderedMistakes makes each mistake in each dump that the meshes' own tools
// have rendered.
func TestRenderedMistakes(t *testing.T) {
	files, err := filepath.Glob(rendered + "/*/config_dump.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no rendered dumps: ", err)
	}
	if len(roleMistakes) < 30 {
		t.Errorf("only %d mistakes", len(roleMistakes))
	}
	for _, path := range files {
		name := filepath.Base(filepath.Dir(path))
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range roleMistakes {
			t.Run(name+"/"+m.name, func(t *testing.T) {
				dumps, err := ParseDump(file)
				if err != nil || len(dumps) != 1 {
					t.Fatalf("%d dumps: %v", len(dumps), err)
				}
				want := wantOfRendered(name)
				good := dumps[0].Check(want)
				h := findHops(t, dumps[0], &want)
				m.make(h)
				h.pack()
				found := false
				for _, p := range dumps[0].Check(want) {
					if p.Problem == "" || p.Path == "" || p.Consequence == "" || p.Fix == "" {
						t.Errorf("incomplete: %s", p)
					}
					found = found || !p.Note && strings.Contains(p.Path+": "+p.Problem, m.says) && !slices.Contains(good, p)
				}
				if !found {
					t.Errorf("does not say %q, but %v", m.says, dumps[0].Check(want))
				}
			})
		}
	}
}
