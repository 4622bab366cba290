package extproctest

import (
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	modev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// A message has its fields in the order in which Envoy writes them, and what was
// given is all there.
func TestMarshalAsEnvoy(t *testing.T) {
	headers := &extprocv3.HttpHeaders{Headers: headerMap([]string{":method", "POST"})}
	for name, m := range map[string]*extprocv3.ProcessingRequest{
		"the first": {
			Request:        &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: headers},
			ProtocolConfig: &extprocv3.ProtocolConfiguration{ResponseBodyMode: modev3.ProcessingMode_FULL_DUPLEX_STREAMED},
		},
		"with attributes": {
			Request:           &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: headers},
			Attributes:        map[string]*structpb.Struct{"a": {}},
			ObservabilityMode: true,
		},
		"a chunk": {Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: &extprocv3.HttpBody{Body: []byte("x"), EndOfStream: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := newCodec().Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			wire := data.Materialize()
			before := protowire.Number(0)
			for rest := wire; len(rest) > 0; {
				number, _, n := protowire.ConsumeField(rest)
				if n < 0 || number < before {
					t.Fatalf("field %d after %d in %x", number, before, wire)
				}
				before, rest = number, rest[n:]
			}
			want := proto.Clone(m).(*extprocv3.ProcessingRequest)
			want.MetadataContext = &corev3.Metadata{}
			got := &extprocv3.ProcessingRequest{}
			if err := proto.Unmarshal(wire, got); err != nil || !proto.Equal(got, want) {
				t.Errorf("read back as %v, error %v", got, err)
			}
		})
	}
}
