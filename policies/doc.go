// Package policies is the contract between Envoy's protocol and what heald
// does with a request.
//
// extproc speaks gRPC with Envoy and knows nothing of language models;
// everything under policies knows language models and nothing of Envoy. They
// meet here, in plain values:
//
//   - a [Policy] is asked for one [Attempt] per upstream try;
//   - the attempt is told what Envoy saw (request headers, request body,
//     response headers, response body) and answers with a [Forward], an
//     [Action] or a [Reply];
//   - every attempt is closed exactly once, however it ended.
//
// One client request may take several attempts. Envoy's outer router makes
// them: it repeats the request whenever a reply carries [HeaderRetry]. Each
// attempt may be served by another replica, so nothing is kept in the process
// between them; what attempt N+1 must know travels in [HeaderMemory].
//
// The package uses the standard library only, so that either side can be read,
// tested and replaced without the other.
package policies
