// Package gateway renders the manifests of envoy/gateway with egctl, the command
// of Envoy Gateway, and reads in the statuses which it writes whether each
// object was accepted.
package gateway
