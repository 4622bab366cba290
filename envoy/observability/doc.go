// Package observability holds the files that people load into their monitoring,
// and renders the dashboard.
//
//   - rules.yaml: recording rules and alerts for Prometheus. OPERATING.md has a
//     section for each alert, to which its runbook_url leads.
//   - rules_test.yaml: for each alert a case in which it fires, and one in which it
//     is quiet; promtool plays them.
//   - grafana.json: the dashboard. It is rendered from the rows of panels in this
//     package; "go test ./envoy/observability -update" writes it.
//
// What the queries name is compared with the table of metrics in OPERATING.md, which
// a test writes from heald's registry. test/e2e/observed shows that they find
// something: it runs them over metrics of a real heald and Envoy.
package observability
