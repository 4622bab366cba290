// Package mesh runs in a real Envoy what Istio and Envoy Gateway make of the
// manifests in envoy/istio and envoy/gateway.
//
// testdata has one folder for each form: the config dump of one Envoy, rendered
// by the mesh's own tools (test/tools/mesh, `make mesh-render`). A dump is turned
// into a static configuration in which only this is exchanged:
//
//   - Addresses. The listener where clients connect gets a free port of loopback
//     and the name "outer", by which test/stack finds it; the inner one, if it has
//     a port, another free port. Providers' clusters lead to fake Geminis that
//     speak TLS in the providers' names, heald's cluster to the replicas, and its
//     statistics are called "heald".
//   - What comes by xDS stands in one file: route configurations inside their
//     listeners, endpoints inside their clusters, secrets inside their TLS
//     contexts. The file of trusted CAs is the test's.
//   - What only Istio's own build of Envoy has, or what needs other services of
//     the mesh, is left out: metadata exchange, stats and alpn filters, mutual TLS
//     among the mesh's workloads, and tracing. Access logs go to a file, if one is
//     named.
//   - Listeners, virtual hosts and clusters through which no request for heald goes
//     are left out. A sidecar's outbound listener, which Istio does not bind to its
//     port because iptables redirects to another, is bound.
//
// All else is the mesh's: retries, headers, matches, buffers, limits, timeouts,
// local replies, TLS towards providers, and HTTP versions.
package mesh
