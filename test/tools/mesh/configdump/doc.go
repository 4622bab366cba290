// Package configdump writes Envoy configurations in the shape of Envoy's admin
// page /config_dump, without what differs between two renderings of the same
// manifests: times, versions, the order of maps and blanks.
package configdump
