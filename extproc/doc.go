// Package extproc speaks Envoy's external-processing protocol and drives a
// [policies.Policy] with it. It knows nothing of language models.
//
// One gRPC stream is one upstream try. What arrives on it, and what leaves:
//
//	Envoy                        attempt              reply
//	request headers              RequestHeaders       nothing yet, or immediate
//	request body, in parts       Collect              nothing yet, or immediate
//	its end, or trailers         RequestBody          the rewritten request, or immediate
//	response headers             ResponseHeaders      nothing yet, or immediate
//	response body, in chunks     ResponseBody         headers and chunks, or immediate
//	response trailers            ResponseBody(end)    last chunk, trailers
//	-                            Wake                 any of the response's replies
//
// The stream is a state machine (state.go). gRPC's goroutine brings Envoy's
// messages, one timer brings Wake, a drain brings EndNow. No other goroutine
// exists but those of the attempt that call its Notify, which brings Wake too.
// They take turns (turn.go): attempts are called, and messages sent, one at a
// time. Calls that may block (RequestBody, sending to an Envoy that does not
// read) block while they hold the turn. The timer and the drain never wait for
// the turn: they leave a call for its holder. Whatever ends the attempt (a
// reply, the last chunk, the end of the stream, a panic) ends it once; messages
// that were under way by then are ignored until Envoy closes the stream.
//
// Envoy's rules that shape the code:
//
//   - The filter's body modes are FULL_DUPLEX_STREAMED. For requests it may be
//     BUFFERED, too: Envoy then keeps the body, sends it in one message once it
//     was told to continue, and accepts headers and body in one reply. The first
//     message says which mode it is (mode.go); other modes would lose bytes, so
//     they are refused at once.
//   - Of a request in parts the headers are answered only once: so they are
//     answered when the body is whole (collect.go). Envoy takes any number of
//     body replies after that; the last one says that it is the last, unless
//     trailers follow. Its own limit on bodies has no effect, so this package enforces one.
//   - An attempt that dies with its replica must not look like one that reached
//     none. A BUFFERED request is marked in the reply to its headers
//     ([policies.HeaderReceived]). For one in parts the stream's initial metadata
//     goes out with its first part: after it, Envoy has another gRPC status for
//     a broken stream (13, before it 14).
//   - A body reply is legal only after the headers reply and after Envoy's
//     first chunk; before that Envoy kills the stream. Bytes that an attempt
//     sends earlier are kept until then (state due).
//   - Envoy 1.39 releases the response headers only with the first chunk that
//     follows the headers reply, 1.40 at once. So both leave together.
//   - A response without a body never makes body replies legal. Passing one
//     takes an immediate response with the same head.
//   - Every reply that reaches the client carries the stamp
//     [policies.HeaderVerdict]; one without it is retried by the outer router.
//
// Memory: a request body is the attempt's, and nothing here keeps it; the request
// made of it is not copied (headerreply.go) and is released when it is sent. Of
// parts, 64 KiB are kept unasked, and what Collect has agreed to, which at least
// doubles each time, up to MaxBody. A response chunk is the attempt's only during
// the call: it lies in gRPC's buffer. Bodies and headers are read by hand
// (codec.go, headercodec.go), in the form in which Envoy sends them; any other form
// is read by protobuf, with the same result. A reply's body is copied into the
// message before the call that sends it returns.
//
// Known limits: request trailers are passed on unread, except that they are lost if the
// attempt gives a body to a request without one. The response's trailers are passed on
// unchanged.
package extproc
