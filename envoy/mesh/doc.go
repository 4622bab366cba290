// Package mesh writes the Kubernetes manifests with which a service mesh does
// what envoy.yaml does by itself: two hops, retries by mark, request bodies that
// are kept for retries, and providers that heald chooses.
//
// What can be taken from Envoy's configuration is taken from it (package
// bootstrap renders it): the manifests and `heald envoy` cannot disagree.
package mesh
