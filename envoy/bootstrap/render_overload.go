package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	connectionsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/downstream_connections/v3"
	heapv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/fixed_heap/v3"
)

// renderOverload sets the limits at which the overload manager acts.
func renderOverload(b *bootstrapv3.Bootstrap, p *Params) error {
	for _, m := range b.GetOverloadManager().GetResourceMonitors() {
		packed := m.GetTypedConfig()
		if heap, ok := decode[*heapv3.FixedHeapConfig](packed); ok && p.HeapLimit > 0 {
			heap.MaxHeapSizeBytes = uint64(p.HeapLimit)
			if err := encode(packed, heap); err != nil {
				return err
			}
		}
		if connections, ok := decode[*connectionsv3.DownstreamConnectionsConfig](packed); ok && p.MaxConnections > 0 {
			connections.MaxActiveDownstreamConnections = int64(p.MaxConnections)
			if err := encode(packed, connections); err != nil {
				return err
			}
		}
	}
	return nil
}
