// Package bootstrap reads, makes and checks Envoy configurations for heald.
//
// [Parse] turns a YAML file into Envoy's own types and rejects what Envoy would
// reject: unknown fields, wrong types, duplicate keys, each with its line and
// path. Extensions that heald does not know stay in it unread.
//
// [Render] makes a configuration for other addresses, backends and limits. It
// starts from envoy.yaml, so that a change of a rule or a comment there reaches
// every configuration. [YAML] writes one down.
//
// [Check] compares a configuration with what heald needs. A [Problem] says
// where, what, what happens because of it, and what to write instead. Each rule
// is one small function beside its topic:
//
//	check_filter.go   the ext_proc filter
//	check_reply.go    inner: replies that heald did not make
//	check_inner.go    inner: timers, routes to providers
//	check_outer.go    outer: listener and routes that lead to inner
//	check_retry.go    outer: what is retried, how often
//	check_header.go   both: headers that must not pass
//	check_buffer.go   both: request size limits
//	check_memory.go   outer: memory between attempts
//	check_budget.go   cluster of inner: retries at a time
//	check_cluster.go  clusters of inner and of heald
//	check_sidecar.go  where heald listens
//	check_backend.go  clusters of providers, ways around heald
//	check_tls.go      transport to providers and heald
//	check_resume.go   the listener for the rest of broken answers
//	check_door.go     who may come in
//	check_admin.go    Envoy's admin interface, bootstrap extensions
//	check_log.go      access logs
//	check_tracing.go  spans
//
// Known limits: only the static part of a bootstrap is checked; parts that come
// by xDS (RDS, LDS, CDS) are reported as notes and not fetched.
package bootstrap
