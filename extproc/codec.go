package extproc

import (
	"bytes"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// codec encodes and decodes by hand the messages that every stream has. gRPC's
// own codec handles all others.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	switch r := v.(type) {
	case *chunkReply:
		return r.encode(), nil
	case *headerReply:
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
	// message is the latest one. A chunk is valid until it is released;
	// everything else in it stays valid.
	message *extprocv3.ProcessingRequest
	// parts: the request's body comes in chunks, too; otherwise it is one
	// message, which stays valid.
	parts bool

	around *surroundings // shared by all streams; nil remembers nothing

	header [5]byte // of gRPC: whether the message is compressed, and its length

	buffer mem.Buffer // holds the chunk's bytes; nil if the message is no chunk
	body   struct {   // the message, if it is one of a body
		message  extprocv3.ProcessingRequest
		request  extprocv3.ProcessingRequest_RequestBody
		response extprocv3.ProcessingRequest_ResponseBody
		http     extprocv3.HttpBody
	}
}

func (r *received) decode(data mem.BufferSlice) error {
	r.release()
	if startsWith(data, fieldRequestBody) && !r.parts {
		// It belongs to the attempt and has its own memory: it may be kept, and is
		// copied once.
		wire := data.Materialize()
		if r.readBody(wire, fieldRequestBody) {
			return nil
		}
		return r.readOther(wire)
	}
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	for _, field := range [...]protowire.Number{fieldResponseBody, fieldRequestBody} {
		if startsWith(data, field) && r.readBody(buffer.ReadOnlyData(), field) {
			r.buffer = buffer
			return nil
		}
	}
	defer buffer.Free()
	return r.readOther(buffer.ReadOnlyData())
}

// readOther reads a message of any kind, and keeps nothing of wire.
func (r *received) readOther(wire []byte) error {
	if r.message = readHeaders(wire, r.around); r.message != nil {
		return nil
	}
	r.message = &extprocv3.ProcessingRequest{}
	return proto.Unmarshal(wire, r.message)
}

// startsWith reports whether a message has a field first.
func startsWith(data mem.BufferSlice, field protowire.Number) bool {
	return len(data) > 0 && data[0].Len() > 0 && data[0].ReadOnlyData()[0] == tagOf(field)
}

// release returns the memory of a chunk, and drops the reference to any other
// message: otherwise a request's body would be kept until the provider answers.
func (r *received) release() {
	r.message, r.body.http.Body = nil, nil
	if r.buffer != nil {
		r.buffer.Free()
		r.buffer = nil
	}
}

// Field numbers of ProcessingRequest and HttpBody.
const (
	fieldRequestHeaders  = 2
	fieldResponseHeaders = 3
	fieldRequestBody     = 4
	fieldResponseBody    = 5
	fieldMetadata        = 8
	fieldBody            = 1
	fieldEndOfStream     = 2
)

// tagOf is the byte before the length of a field with a small number.
func tagOf(field protowire.Number) byte { return byte(field)<<3 | byte(protowire.BytesType) }

// Envoy says with each message which metadata it forwards. It is configured to
// forward none, so this is an empty field.
var (
	noMetadata    = []byte{tagOf(fieldMetadata), 0}
	emptyMetadata = &corev3.Metadata{} // only read
)

// readBody reads wire, without copying it, if it holds a body with the usual two
// fields and nothing else except an empty metadata field.
func (r *received) readBody(wire []byte, field protowire.Number) bool {
	num, typ, n := protowire.ConsumeTag(wire)
	if num != field || typ != protowire.BytesType {
		return false
	}
	fields, m := protowire.ConsumeBytes(wire[n:])
	if m < 0 {
		return false
	}
	b := &r.body
	b.message.MetadataContext = nil
	if rest := wire[n+m:]; bytes.Equal(rest, noMetadata) {
		b.message.MetadataContext = emptyMetadata
	} else if len(rest) > 0 {
		return false
	}
	b.http.Body, b.http.EndOfStream = nil, false
	for len(fields) > 0 {
		num, typ, n := protowire.ConsumeTag(fields)
		switch {
		case num == fieldBody && typ == protowire.BytesType:
			b.http.Body, m = protowire.ConsumeBytes(fields[n:])
		case num == fieldEndOfStream && typ == protowire.VarintType:
			var v uint64
			v, m = protowire.ConsumeVarint(fields[n:])
			b.http.EndOfStream = protowire.DecodeBool(v)
		default:
			return false
		}
		if m < 0 {
			return false
		}
		fields = fields[n+m:]
	}
	if field == fieldRequestBody {
		b.request.RequestBody, b.message.Request = &b.http, &b.request
	} else {
		b.response.ResponseBody, b.message.Request = &b.http, &b.response
	}
	r.message = &b.message
	return true
}
