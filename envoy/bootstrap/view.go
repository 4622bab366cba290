package bootstrap

import (
	"fmt"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// view is a bootstrap with its extensions decoded and its parts findable.
type view struct {
	chains   []*chain
	tunnels  []*tunnel
	clusters []*clusterv3.Cluster
}

// chain is one filter chain that speaks HTTP.
type chain struct {
	listener *listenerv3.Listener
	hcm      *hcmv3.HttpConnectionManager
	packed   *anypb.Any // where hcm was decoded from
	path     string     // of hcm
}

func newView(b *bootstrapv3.Bootstrap) *view {
	v := &view{clusters: b.GetStaticResources().GetClusters()}
	for i, l := range b.GetStaticResources().GetListeners() {
		path := fmt.Sprintf("static_resources.listeners[%s]", itemLabel(l.ProtoReflect(), i))
		for j, fc := range l.GetFilterChains() {
			v.addChain(l, fc, fmt.Sprintf("%s.filter_chains[%s]", path, itemLabel(fc.ProtoReflect(), j)))
		}
		v.addChain(l, l.GetDefaultFilterChain(), path+".default_filter_chain")
	}
	return v
}

func (v *view) addChain(l *listenerv3.Listener, fc *listenerv3.FilterChain, path string) {
	v.addTunnels(l, fc, path)
	for i, f := range fc.GetFilters() {
		hcm, ok := decode[*hcmv3.HttpConnectionManager](f.GetTypedConfig())
		if !ok {
			continue
		}
		v.chains = append(v.chains, &chain{
			listener: l,
			hcm:      hcm,
			packed:   f.GetTypedConfig(),
			path:     fmt.Sprintf("%s.filters[%s].typed_config", path, itemLabel(f.ProtoReflect(), i)),
		})
	}
}

// pack writes a changed connection manager back into the bootstrap.
func (c *chain) pack() error {
	if err := encode(c.packed, c.hcm); err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	return nil
}

// cluster returns the cluster of that name, or nil.
func (v *view) cluster(name string) *clusterv3.Cluster {
	i := slices.IndexFunc(v.clusters, func(c *clusterv3.Cluster) bool { return c.GetName() == name })
	if i < 0 {
		return nil
	}
	return v.clusters[i]
}

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
