// Package otlp is the sink that sends records as OpenTelemetry traces, by OTLP
// over HTTP with protobuf.
//
// A request is one span, and each of its attempts one below it. Attempts of one
// request may end at several replicas, each of which sends its own: so the ids of
// spans follow from the request's id, and all replicas find the same parent. The
// trace is the client's where it sent a traceparent (and not sent at all where
// that says that it is not sampled), else one that follows from the request's id.
//
// Tokens and money stand at the attempts alone, so that sums over spans count
// nothing twice.
//
// The sink is here, not below policies, since the exporter brings protobuf along.
package otlp
