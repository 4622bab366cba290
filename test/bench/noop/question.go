package noop

import (
	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// question is a request whose body comes in pieces (request_body_mode
// FULL_DUPLEX_STREAMED). As in heald, there is no reply until it is complete.
type question struct {
	pieces bool // the mode
	body   []byte
	whole  bool
	// trailers says that the request ended with some, and so with a message of
	// their own.
	trailers bool
}

// take takes what belongs to such a request, and reports whether it did.
func (q *question) take(m *extprocv3.ProcessingRequest) bool {
	switch r := m.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_RequestHeaders:
		// Envoy states its modes in the first message only. A request without a body
		// is answered at once, in any mode.
		q.pieces = m.GetProtocolConfig().GetRequestBodyMode() == filterv3.ProcessingMode_FULL_DUPLEX_STREAMED && !r.RequestHeaders.GetEndOfStream()
		return q.pieces
	case *extprocv3.ProcessingRequest_RequestBody:
		if !q.pieces {
			return false
		}
		q.body = append(q.body, r.RequestBody.GetBody()...)
		q.whole = r.RequestBody.GetEndOfStream()
		return true
	case *extprocv3.ProcessingRequest_RequestTrailers:
		if q.pieces {
			q.whole, q.trailers = true, true
		}
		return q.pieces
	}
	return false
}

// forward sends the request on: headers, body, and trailers if there were some.
func (q *question) forward(s *server) []*extprocv3.ProcessingResponse {
	q.whole = false // it was answered
	replies := []*extprocv3.ProcessingResponse{
		{Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{Response: s.steered(len(q.body))}}},
		{Response: &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
			BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
				StreamedResponse: &extprocv3.StreamedBodyResponse{Body: q.body, EndOfStream: !q.trailers},
			}},
		}}}},
	}
	if q.trailers {
		replies = append(replies, &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestTrailers{
			RequestTrailers: &extprocv3.TrailersResponse{},
		}})
	}
	return replies
}
