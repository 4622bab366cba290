// Package stack starts heald as users run it, for tests that must see the real
// thing: replicas of the binary as processes of their own, a real Envoy, and
// fake Geminis, all on free loopback ports, all ended with their test.
package stack
