// Package istio renders the manifests of envoy/istio with Istio's discovery
// server, run in process, and has istioctl's analyzers read them.
//
// The server is told the manifests and the few Kubernetes objects that they
// lean on (testdata/): Services and Pods of the gateway, of heald and of a
// client. It is then asked for all that it would send one Envoy: LDS, RDS, CDS
// and EDS, and the bootstrap comes from the template that istio-agent fills.
package istio
