package extproc

import (
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// chunkLimit bounds the bytes of one body reply. Envoy takes 64 KiB at most;
// the rest is room for the message around them.
const chunkLimit = 62_000

// chunkReply is the reply message that carries chunks. A stream has one and
// sends it again and again: gRPC has encoded it when SendMsg returns.
type chunkReply struct {
	message *extprocv3.ProcessingResponse // nil until the first chunk
	part    extprocv3.StreamedBodyResponse
}

func (c *chunkReply) set(body []byte, end bool) *extprocv3.ProcessingResponse {
	if c.message == nil {
		c.message = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseBody{
			ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
				BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
					StreamedResponse: &c.part,
				}},
			}},
		}}
	}
	c.part.Body, c.part.EndOfStream = body, end
	return c.message
}

// writeChunks sends body in replies of at most chunkLimit bytes, without
// copying it; the last one carries the end. Nothing to say is not said.
func (s *stream) writeChunks(body []byte, end bool) error {
	for len(body) > chunkLimit {
		if err := s.send(s.chunk.set(body[:chunkLimit], false)); err != nil {
			return err
		}
		body = body[chunkLimit:]
	}
	if len(body) == 0 && !end {
		return nil
	}
	err := s.send(s.chunk.set(body, end))
	s.chunk.part.Body = nil // it is the attempt's again
	return err
}
