// Package noop is the yardstick of the benchmark: an external processor that
// changes nothing. What it costs is what Envoy, gRPC and protobuf cost anybody
// who reads whole bodies; what heald costs beyond it is heald's own.
//
// It does what heald does to the protocol, and nothing to the bodies:
//
//	request headers    continue
//	request body       the same body, its length, and the cluster's name
//	response headers   released at once, with the stamp
//	response chunks    the same chunks, one reply for each
//	trailers           continue
//
// Where request bodies come in pieces (FULL_DUPLEX_STREAMED), it says nothing
// until the request is whole, and then answers headers and body together.
//
// The stamp and the cluster's name are needed: without the first the outer
// router would retry every reply, without the second the inner one would not
// know where to go.
//
// The gRPC server has the windows and limits of heald's, and the health
// service, since Envoy asks for it. Compared with heald it lacks the refusal
// of wrong modes, limits, logs and metrics: those are part of heald's price.
package noop
