package noop

import (
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// echo is the reply to the response chunks of one stream. It is sent again and
// again, as heald does it: gRPC has encoded it when Send returns.
type echo struct {
	message *extprocv3.ProcessingResponse // nil until the first chunk
	part    extprocv3.StreamedBodyResponse
}

// chunk returns a chunk as it came. Envoy's are shorter than the 64 KiB that it
// takes back.
func (e *echo) chunk(b *extprocv3.HttpBody) *extprocv3.ProcessingResponse {
	if e.message == nil {
		e.message = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseBody{
			ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
				BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
					StreamedResponse: &e.part,
				}},
			}},
		}}
	}
	e.part.Body, e.part.EndOfStream = b.GetBody(), b.GetEndOfStream()
	return e.message
}
