// Package otlp is the sink that sends records as OpenTelemetry traces, by OTLP
// over gRPC or HTTP.
//
// A request is one span, and each of its attempts one below it, with events at
// their times. Attempts of one request may end at several replicas, each of which
// sends its own: so the id of a request's span is derived from the request's id,
// and all replicas find the same parent. Above is Envoy's span of the request. If
// Envoy's inner listener traces as well, it chooses the id of the attempt's span,
// and its own span of the attempt is below that one:
//
//	envoy   POST /v1/messages                   outer listener
//	└ heald   generate_content claude-opus      request
//	  ├ heald   generate_content gemini-3-pro   attempt 1
//	  │ └ envoy   POST /v1/messages             inner listener, to the provider
//	  └ heald   generate_content gemini-3-pro   attempt 2
//	    └ envoy   POST /v1/messages
//
// Only requests that Envoy samples are sent (the flag of traceparent); those that
// have no traceparent are not. OTEL_TRACES_SAMPLER changes that.
//
// record.otlp of heald.yaml and the OTEL_* variables say where spans go: see
// Resolve. Records wait in a bounded queue (record.Queue); if the collector is
// slow or gone, records are dropped and counted, and nothing else happens.
//
// Only attempts have tokens and money, so that sums over spans count nothing
// twice.
//
// The sink is here, not below policies, since the exporter brings protobuf along.
package otlp
