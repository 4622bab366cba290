package extproctest

import (
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// codec writes messages as Envoy does, since heald reads the usual ones by hand,
// and leaves all others to protobuf.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*extprocv3.ProcessingRequest)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	wire, err := Marshal(m)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(wire)}, nil
}

// Marshal returns what Envoy sends for a message. Its fields are in the order of
// their numbers; Go's protobuf would write the field of a oneof last. And it
// always says which metadata it forwards, although there is none.
func Marshal(m *extprocv3.ProcessingRequest) ([]byte, error) {
	wire, err := proto.Marshal(&extprocv3.ProcessingRequest{Request: m.GetRequest()})
	if err != nil {
		return nil, err
	}
	rest := &extprocv3.ProcessingRequest{
		MetadataContext: m.GetMetadataContext(), Attributes: m.GetAttributes(),
		ObservabilityMode: m.GetObservabilityMode(), ProtocolConfig: m.GetProtocolConfig(),
	}
	if rest.MetadataContext == nil {
		rest.MetadataContext = &corev3.Metadata{}
	}
	return proto.MarshalOptions{}.MarshalAppend(wire, rest)
}
