// Package observed has a real heald and a real Envoy run through days and nights
// that take seconds, and asks the real Prometheus what one would have seen: whether
// each panel of the dashboard shows something, and which alerts name a trouble.
package observed
