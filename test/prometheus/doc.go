// Package prometheus replays the metrics of a heald and its Envoy to the real
// Prometheus and promtool, which "make prometheus" installs.
//
// A [Recording] keeps what was scraped, at times that the test makes up: an hour of
// scrapes takes seconds. [Start] answers queries over it, and [Recording.Alerts]
// finds out which alerts fire at its end.
package prometheus
