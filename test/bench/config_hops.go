package main

import (
	"errors"
	"fmt"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies"
)

// withoutProcessor takes the external processor out of a configuration of
// heald's. The two hops stay with all else that is on them. What heald would
// have said is written into the inner listener's routes: the cluster, and the
// stamp, without which the outer router would retry every reply.
func withoutProcessor(config *bootstrapv3.Bootstrap) error {
	for _, c := range config.GetStaticResources().GetClusters() {
		if c.GetName() == sidecarCluster {
			c.HealthChecks = nil // there is no server to ask
		}
	}
	found := false
	for _, l := range config.GetStaticResources().GetListeners() {
		for _, chain := range l.GetFilterChains() {
			for _, f := range chain.GetFilters() {
				removed, err := bypass(f)
				if err != nil {
					return fmt.Errorf("listener %s: %w", l.GetName(), err)
				}
				found = found || removed
			}
		}
	}
	if !found {
		return errors.New("the Envoy configuration has no external processor")
	}
	return nil
}

// bypass does so with one connection manager, if that has the processor.
func bypass(f *listenerv3.Filter) (bool, error) {
	hcm := &hcmv3.HttpConnectionManager{}
	if !f.GetTypedConfig().MessageIs(hcm) {
		return false, nil
	}
	if err := f.GetTypedConfig().UnmarshalTo(hcm); err != nil {
		return false, err
	}
	before := len(hcm.GetHttpFilters())
	hcm.HttpFilters = slices.DeleteFunc(hcm.GetHttpFilters(), func(h *hcmv3.HttpFilter) bool {
		return h.GetTypedConfig().MessageIs(&extprocv3.ExternalProcessor{})
	})
	if len(hcm.GetHttpFilters()) == before {
		return false, nil
	}
	for _, vh := range hcm.GetRouteConfig().GetVirtualHosts() {
		vh.ResponseHeadersToAdd = append(vh.GetResponseHeadersToAdd(), &corev3.HeaderValueOption{
			Header: &corev3.HeaderValue{Key: policies.HeaderVerdict, Value: policies.Pass.String()},
		})
		for _, r := range vh.GetRoutes() {
			if action := r.GetRoute(); action != nil {
				action.ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: backend}
			}
		}
	}
	return true, f.GetTypedConfig().MarshalFrom(hcm)
}

// oneHop is the least that an Envoy in front of a gateway has: a listener, a
// router and a cluster. The blank is for the gateway's socket.
const oneHop = `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: outer
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: outer
          use_remote_address: true
          stream_idle_timeout: 900s
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            virtual_hosts:
            - name: gateway
              domains: ["*"]
              routes: [{match: {prefix: /}, route: {cluster: gateway, timeout: 0s}}]
  clusters:
  - name: gateway
    circuit_breakers: {thresholds: [{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}]}
    load_assignment:
      cluster_name: gateway
      endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: %q}}}}]}]
`

// inFront is the configuration of an Envoy in front of a gateway that listens
// on the socket.
func inFront(socket string) (*bootstrapv3.Bootstrap, error) {
	return bootstrap.Parse(fmt.Appendf(nil, oneHop, socket))
}
