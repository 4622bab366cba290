package extproc

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// chunkLimit bounds the bytes of one body reply. Envoy accepts at most 64 KiB;
// the rest is room for the message around them.
const chunkLimit = 62_000

// chunkReply is the reply message that carries a chunk:
//
//	ProcessingResponse{3 request_body or 4 response_body: BodyResponse{1 response:
//	  CommonResponse{3 body_mutation: BodyMutation{3 streamed_response:
//	    StreamedBodyResponse{1 body, 2 end_of_stream}}}}}
//
// A stream has one and reuses it, since it is encoded when SendMsg returns.
type chunkReply struct {
	field protowire.Number // of ProcessingResponse
	body  []byte
	end   bool
}

// Field numbers of ProcessingResponse.
const (
	replyRequestBody  protowire.Number = 3
	replyResponseBody protowire.Number = 4
)

// encode copies the body: gRPC writes it to the connection when it can, and the
// attempt reuses its memory.
func (c *chunkReply) encode() mem.BufferSlice {
	var part int
	if len(c.body) > 0 {
		part += 1 + protowire.SizeBytes(len(c.body))
	}
	if c.end {
		part += 2
	}
	mutation := 1 + protowire.SizeBytes(part)
	common := 1 + protowire.SizeBytes(mutation)
	reply := 1 + protowire.SizeBytes(common)
	size := 1 + protowire.SizeBytes(reply)

	// Small buffers are left to the garbage collector, as in gRPC.
	if mem.IsBelowBufferPoolingThreshold(size) {
		b := make([]byte, 0, size)
		return mem.BufferSlice{mem.SliceBuffer(c.append(b, reply, common, mutation, part))}
	}
	pool := mem.DefaultBufferPool()
	b := pool.Get(size)
	*b = c.append((*b)[:0], reply, common, mutation, part)
	return mem.BufferSlice{mem.NewBuffer(b, pool)}
}

// append appends the message; the numbers are the lengths of the nested messages.
func (c *chunkReply) append(b []byte, reply, common, mutation, part int) []byte {
	b = appendHead(b, c.field, reply)
	b = appendHead(b, 1, common)
	b = appendHead(b, 3, mutation)
	b = appendHead(b, 3, part)
	if len(c.body) > 0 {
		b = append(appendHead(b, 1, len(c.body)), c.body...)
	}
	if c.end {
		b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), 1)
	}
	return b
}

// appendHead appends the tag and the length of a field of length bytes.
func appendHead(b []byte, field protowire.Number, length int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(length))
}

// writeChunks sends body in replies of at most limit bytes, the last one with
// the end of stream. It sends nothing for an empty body without an end.
func (s *stream) writeChunks(field protowire.Number, body []byte, end bool, limit int) error {
	for len(body) > limit {
		if err := s.sendChunk(field, body[:limit], false); err != nil {
			return err
		}
		body = body[limit:]
	}
	if len(body) == 0 && !end {
		return nil
	}
	return s.sendChunk(field, body, end)
}

func (s *stream) sendChunk(field protowire.Number, body []byte, end bool) error {
	s.chunk = chunkReply{field, body, end}
	err := s.grpc.SendMsg(&s.chunk)
	s.chunk.body = nil // it belongs to the attempt again
	if err != nil {
		return errGone
	}
	return nil
}
