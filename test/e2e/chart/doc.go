// Package chart runs what the Helm chart installs, without a cluster: the containers
// of a rendered pod as processes, with their own arguments, in the order and with the
// mounts that Kubernetes would give them. Only paths, addresses and the provider's URL
// are others.
package chart
