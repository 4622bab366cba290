// Package envoy holds the Envoy side of heald: envoy.yaml, the configuration
// that a platform engineer copies. It is the one source of truth; whatever else
// needs an Envoy configuration (heald's own proxy mode, tests, benchmarks)
// starts from it and changes only what differs.
//
// Its sub-packages: bootstrap parses, renders and checks configurations,
// locate finds an Envoy binary, proc runs one as a child process.
package envoy
