// Package otlp is the sink that sends records as OpenTelemetry traces, by OTLP
// over gRPC or HTTP.
//
// A request is one span, and each of its attempts one below it, with events for
// what happened when. Attempts of one request may end at several replicas, each of
// which sends its own: so the id of a request's span follows from the request's
// id, and all replicas find the same parent. Above is Envoy's span of the request.
// Where Envoy's inner listener traces as well, it names the id of the attempt's
// span, and its own span of the attempt is below that one:
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
// Where spans go is settled by record.otlp of heald.yaml and the OTEL_* variables:
// see Resolve. Records wait in a bounded queue (record.Queue); a collector that is
// slow or gone costs records, which are counted, and nothing else.
//
// Tokens and money stand at the attempts alone, so that sums over spans count
// nothing twice.
//
// The sink is here, not below policies, since the exporter brings protobuf along.
package otlp
