package noop

import (
	extprocfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// parts is a request's body that comes in parts, of which none is answered before
// the last.
type parts struct {
	expected bool // Envoy sends bodies so
	body     []byte
}

// take keeps a message of such a request. Its last one is answered with headers
// and body; mine is false for messages that it knows nothing of.
func (p *parts) take(s *server, m *extprocv3.ProcessingRequest) (replies []*extprocv3.ProcessingResponse, mine bool) {
	switch r := m.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_RequestHeaders:
		p.expected = m.GetProtocolConfig().GetRequestBodyMode() == extprocfilterv3.ProcessingMode_FULL_DUPLEX_STREAMED
		return nil, p.expected && !r.RequestHeaders.GetEndOfStream()
	case *extprocv3.ProcessingRequest_RequestBody:
		if !p.expected {
			return nil, false
		}
		p.body = append(p.body, r.RequestBody.GetBody()...)
		if !r.RequestBody.GetEndOfStream() {
			return nil, true
		}
		return s.forwardInParts(p.body), true
	}
	return nil, false
}

// forwardInParts is forward for a body that came in parts.
func (s *server) forwardInParts(body []byte) []*extprocv3.ProcessingResponse {
	head := s.forward(body).GetRequestBody().GetResponse()
	head.BodyMutation = nil
	return []*extprocv3.ProcessingResponse{
		{Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{Response: head}}},
		{Response: &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
			BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
				StreamedResponse: &extprocv3.StreamedBodyResponse{Body: body, EndOfStream: true},
			}},
		}}}},
	}
}
