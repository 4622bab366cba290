package configdump

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	adminv3 "github.com/envoyproxy/go-control-plane/envoy/admin/v3"
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Config is what a mesh tells one Envoy. Nil parts are left out.
type Config struct {
	Bootstrap *bootstrapv3.Bootstrap
	Clusters  []*clusterv3.Cluster
	Listeners []*listenerv3.Listener
	Routes    []*routev3.RouteConfiguration
	Endpoints []*endpointv3.ClusterLoadAssignment
}

// Dump is the configuration as /config_dump?include_eds shows what came by xDS,
// sorted by name.
func (c Config) Dump() ([]byte, error) {
	slices.SortFunc(c.Clusters, byName)
	slices.SortFunc(c.Listeners, byName)
	slices.SortFunc(c.Routes, byName)
	slices.SortFunc(c.Endpoints, func(a, b *endpointv3.ClusterLoadAssignment) int {
		return strings.Compare(a.GetClusterName(), b.GetClusterName())
	})
	clusters := &adminv3.ClustersConfigDump{}
	for _, x := range c.Clusters {
		clusters.DynamicActiveClusters = append(clusters.DynamicActiveClusters, &adminv3.ClustersConfigDump_DynamicCluster{Cluster: pack(x)})
	}
	listeners := &adminv3.ListenersConfigDump{}
	for _, x := range c.Listeners {
		listeners.DynamicListeners = append(listeners.DynamicListeners, &adminv3.ListenersConfigDump_DynamicListener{
			Name: x.GetName(), ActiveState: &adminv3.ListenersConfigDump_DynamicListenerState{Listener: pack(x)}})
	}
	routes := &adminv3.RoutesConfigDump{}
	for _, x := range c.Routes {
		routes.DynamicRouteConfigs = append(routes.DynamicRouteConfigs, &adminv3.RoutesConfigDump_DynamicRouteConfig{RouteConfig: pack(x)})
	}
	endpoints := &adminv3.EndpointsConfigDump{}
	for _, x := range c.Endpoints {
		endpoints.DynamicEndpointConfigs = append(endpoints.DynamicEndpointConfigs, &adminv3.EndpointsConfigDump_DynamicEndpointConfig{EndpointConfig: pack(x)})
	}
	dump := &adminv3.ConfigDump{}
	if c.Bootstrap != nil {
		dump.Configs = append(dump.Configs, pack(&adminv3.BootstrapConfigDump{Bootstrap: c.Bootstrap}))
	}
	for _, m := range []proto.Message{clusters, endpoints, listeners, routes} {
		dump.Configs = append(dump.Configs, pack(m))
	}
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(dump)
	if err != nil {
		return nil, fmt.Errorf("config dump: %w", err)
	}
	return Canonical(b)
}

func byName[T interface{ GetName() string }](a, b T) int {
	return strings.Compare(a.GetName(), b.GetName())
}

// pack panics only for messages that are not valid UTF-8, which parsers refuse.
func pack(m proto.Message) *anypb.Any {
	a := &anypb.Any{}
	if err := anypb.MarshalFrom(a, m, proto.MarshalOptions{Deterministic: true}); err != nil {
		panic(err)
	}
	return a
}

// varying are the fields that differ between two renderings, or two releases of
// a tool, of the same configuration.
var varying = map[string]bool{"version_info": true, "last_updated": true}

// Canonical writes JSON with sorted keys and one blank for each level, and
// without the fields that vary.
func Canonical(b []byte) ([]byte, error) {
	decode := json.NewDecoder(bytes.NewReader(b))
	decode.UseNumber()
	var v any
	if err := decode.Decode(&v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encode := json.NewEncoder(&out)
	encode.SetEscapeHTML(false)
	encode.SetIndent("", " ")
	if err := encode.Encode(without(v)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func without(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if varying[key] {
				delete(v, key)
			} else {
				v[key] = without(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return v
}
