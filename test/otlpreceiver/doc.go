// Package otlpreceiver is an OpenTelemetry collector for tests: it takes traces by
// OTLP over gRPC and over HTTP, on loopback ports, and keeps the spans. It can be
// slow, refuse, or be gone.
package otlpreceiver
