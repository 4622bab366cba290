// Package kubernetes pins Kubernetes' API server and its etcd, which `make
// helm-cluster` builds (eight minutes of processor time) and to which a test of
// test/tools/helm applies what the chart renders. They decide what a cluster would
// take; no node runs anything.
//
// It is a module of its own: Kubernetes replaces its own modules, and brings some 200
// others along.
package kubernetes
