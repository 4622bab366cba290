package bootstrap

import (
	"fmt"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// view is a bootstrap with its extensions decoded and its parts findable.
type view struct {
	chains   []*chain
	tunnels  []*tunnel
	clusters []*clusterv3.Cluster
	byName   map[string]*clusterv3.Cluster
}

// chain is one filter chain that speaks HTTP.
type chain struct {
	listener *listenerv3.Listener
	hcm      *hcmv3.HttpConnectionManager
	packed   *anypb.Any // where hcm was decoded from
	path     string     // of hcm
	// numbered says that a route without a name is shown with what it matches
	// beside its number.
	numbered bool
}

func newView(b *bootstrapv3.Bootstrap) *view {
	v := &view{clusters: b.GetStaticResources().GetClusters(), byName: map[string]*clusterv3.Cluster{}}
	for _, cl := range slices.Backward(v.clusters) { // the first of a name counts
		v.byName[cl.GetName()] = cl
	}
	for i, l := range b.GetStaticResources().GetListeners() {
		path := fmt.Sprintf("static_resources.listeners[%s]", itemLabel(l.ProtoReflect(), i))
		v.chains = append(v.chains, chainsOf(l, path)...)
		eachChain(l, path, func(fc *listenerv3.FilterChain, path string) { v.addTunnels(l, fc, path) })
	}
	return v
}

func eachChain(l *listenerv3.Listener, path string, visit func(fc *listenerv3.FilterChain, path string)) {
	for j, fc := range l.GetFilterChains() {
		visit(fc, fmt.Sprintf("%s.filter_chains[%s]", path, itemLabel(fc.ProtoReflect(), j)))
	}
	visit(l.GetDefaultFilterChain(), path+".default_filter_chain")
}

// chainsOf returns a listener's filter chains that speak HTTP.
func chainsOf(l *listenerv3.Listener, path string) []*chain {
	var all []*chain
	eachChain(l, path, func(fc *listenerv3.FilterChain, path string) {
		for i, f := range fc.GetFilters() {
			if hcm, ok := decode[*hcmv3.HttpConnectionManager](f.GetTypedConfig()); ok {
				all = append(all, &chain{
					listener: l,
					hcm:      hcm,
					packed:   f.GetTypedConfig(),
					path:     fmt.Sprintf("%s.filters[%s].typed_config", path, itemLabel(f.ProtoReflect(), i)),
				})
			}
		}
	})
	return all
}

// setRoutes puts routes that come by RDS into a connection manager.
func setRoutes(hcm *hcmv3.HttpConnectionManager, config *routev3.RouteConfiguration) {
	hcm.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: config}
}

// setFilter puts a filter that comes by ECDS into its place.
func setFilter(f *hcmv3.HttpFilter, config *anypb.Any) {
	f.ConfigType = &hcmv3.HttpFilter_TypedConfig{TypedConfig: config}
}

// pack writes a changed connection manager back into the bootstrap.
func (c *chain) pack() error {
	if err := encode(c.packed, c.hcm); err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	return nil
}

// cluster returns the cluster of that name, or nil.
func (v *view) cluster(name string) *clusterv3.Cluster { return v.byName[name] }

func clusterPath(name string) string { return fmt.Sprintf("static_resources.clusters[%s]", name) }

// decode returns the extension in an Any if it is of type T.
func decode[T proto.Message](packed *anypb.Any) (T, bool) {
	var none T
	if packed == nil {
		return none, false
	}
	m, err := packed.UnmarshalNew()
	if err != nil {
		return none, false
	}
	typed, ok := m.(T)
	return typed, ok
}

// encode replaces the extension in an Any by m, which has its type. The bytes
// are those that Parse makes of the same fields.
func encode(packed *anypb.Any, m proto.Message) error {
	return anypb.MarshalFrom(packed, m, proto.MarshalOptions{Deterministic: true})
}
