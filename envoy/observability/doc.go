// Package observability holds what people load into their monitoring, and renders
// the dashboard.
//
//   - rules.yaml: recording rules and alerts for Prometheus. OPERATING.md has a
//     section for each alert, to which its runbook_url leads.
//   - rules_test.yaml: for each alert a case in which it fires, and one in which it
//     is quiet; promtool plays them.
//   - grafana.json: the dashboard. It is rendered from the rows of panels in this
//     package; "go test ./envoy/observability -update" writes it.
//
// What the queries name is compared with the table of metrics in OPERATING.md, which
// a test writes from heald's registry. That they find something is shown by
// test/e2e/observed, which runs them over what a real heald and Envoy have told.
package observability
