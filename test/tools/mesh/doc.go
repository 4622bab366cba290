// Package mesh renders the manifests of envoy/istio and envoy/gateway with the
// meshes' own tools, and keeps what they make as golden files in
// test/e2e/mesh/testdata, where real Envoys run it.
//
// istio/ asks Istio's discovery server, in process, for the configuration of a
// gateway's or a sidecar's Envoy; gateway/ asks egctl, Envoy Gateway's command.
// Both write the shape of Envoy's admin page /config_dump. It is a module of its
// own because Istio brings some 300 others along. `make mesh-render` runs all of
// it; building takes about ten minutes of CPU, so CI only runs the golden files.
package mesh
