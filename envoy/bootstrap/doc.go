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
// [ParseDump] reads what an Envoy that runs shows of itself at /config_dump:
// routes, endpoints and filters that came by xDS are put where the file only
// names them, and [CheckDumps] checks the two hops in it as [Check] checks a
// file. It finds them by where they lead, whatever they are called, and leaves
// out what else a mesh's gateway serves (dump_check.go). Places are written with
// the names of listener, route configuration, virtual host and route, and fixes
// say which resource of Istio or Envoy Gateway to change (mesh.go).
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
//	check_status.go   outer: retries of statuses that heald uses itself
//	check_override.go both: filters that replace replies by their status
//	check_host.go     both: hosts that the inner virtual hosts take
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
// Known limits: of a file only the static part is checked; parts that come by
// xDS are reported as notes, and a dump has them. CEL expressions are read as
// text, or as far as they compare the status with numbers.
package bootstrap
