package extproc

import (
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// codec reads and writes by hand the two messages that a stream has thousands
// of: a chunk and its reply. All others are left to gRPC's own codec.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(*chunkReply); ok {
		return r.encode(), nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if r, ok := v.(*received); ok {
		return r.decode(data)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// received is where a stream receives its messages, one after the other.
type received struct {
	// message is the latest, until it is released. A chunk in it is valid no
	// longer; anything else for good.
	message *extprocv3.ProcessingRequest
	// parts: the request's body comes in chunks, too.
	parts bool

	buffer mem.Buffer // holds the chunk's bytes; nil if the message is no chunk
	chunk  struct {
		message  extprocv3.ProcessingRequest
		request  extprocv3.ProcessingRequest_RequestBody
		response extprocv3.ProcessingRequest_ResponseBody
		body     extprocv3.HttpBody
	}
}

func (r *received) decode(data mem.BufferSlice) error {
	r.release()
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	if r.readChunk(buffer.ReadOnlyData()) {
		r.buffer, r.message = buffer, &r.chunk.message
		return nil
	}
	defer buffer.Free()
	r.message = &extprocv3.ProcessingRequest{}
	return proto.Unmarshal(buffer.ReadOnlyData(), r.message)
}

// release gives the memory of a chunk back, and lets go of any other message: a
// request's body would be kept until the provider answers.
func (r *received) release() {
	r.message = nil
	if r.buffer != nil {
		r.buffer.Free()
		r.buffer, r.chunk.body.Body = nil, nil
	}
}

// Field numbers of ProcessingRequest and HttpBody.
const (
	fieldRequestBody  = 4
	fieldResponseBody = 5
	fieldBody         = 1
	fieldEndOfStream  = 2
)

// readChunk reads wire, without copying it, if it holds a part of a body with
// the usual two fields and nothing else.
func (r *received) readChunk(wire []byte) bool {
	which, typ, n := protowire.ConsumeTag(wire)
	if (which != fieldResponseBody && (which != fieldRequestBody || !r.parts)) || typ != protowire.BytesType {
		return false
	}
	fields, m := protowire.ConsumeBytes(wire[n:])
	if m < 0 || n+m != len(wire) {
		return false
	}
	c := &r.chunk
	c.body.Body, c.body.EndOfStream = nil, false
	for len(fields) > 0 {
		num, typ, n := protowire.ConsumeTag(fields)
		switch {
		case num == fieldBody && typ == protowire.BytesType:
			c.body.Body, m = protowire.ConsumeBytes(fields[n:])
		case num == fieldEndOfStream && typ == protowire.VarintType:
			var v uint64
			v, m = protowire.ConsumeVarint(fields[n:])
			c.body.EndOfStream = protowire.DecodeBool(v)
		default:
			return false
		}
		if m < 0 {
			return false
		}
		fields = fields[n+m:]
	}
	if which == fieldRequestBody {
		c.request.RequestBody, c.message.Request = &c.body, &c.request
	} else {
		c.response.ResponseBody, c.message.Request = &c.body, &c.response
	}
	return true
}
