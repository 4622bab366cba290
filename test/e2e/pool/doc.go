// Package pool plays real load to several replicas of heald that share a pool
// of accounts through a real Redis, behind a real Envoy. The fake Gemini
// enforces the limits that heald is configured with, so it decides: every
// refusal is a request too many.
//
// Tests that run with the others are short; HEALD_LOAD=long, as `make load` sets
// it, plays the same ones at full size.
package pool
