package extproc

import (
	"bytes"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
)

// requests are one message of each kind, and chunks with more than the usual.
func requests() []*extprocv3.ProcessingRequest {
	chunk := func(b *extprocv3.HttpBody) *extprocv3.ProcessingRequest {
		return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: b}}
	}
	long := bytes.Repeat([]byte("0123456789"), 500) // above what gRPC pools
	marked := chunk(&extprocv3.HttpBody{Body: []byte("x")})
	marked.ObservabilityMode = true
	headers := &extprocv3.HttpHeaders{EndOfStream: true, Headers: &corev3.HeaderMap{
		Headers: []*corev3.HeaderValue{{Key: ":status", RawValue: []byte("200")}},
	}}
	first := &extprocv3.ProcessingRequest{
		Request:         &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: headers},
		MetadataContext: &corev3.Metadata{},
		ProtocolConfig:  &extprocv3.ProtocolConfiguration{ResponseBodyMode: 5},
	}
	odd := &extprocv3.HttpHeaders{Headers: &corev3.HeaderMap{
		Headers: []*corev3.HeaderValue{{}, {Key: "a", Value: "b"}, {Key: "a", Value: "b", RawValue: []byte("c\xff")}},
	}, Attributes: map[string]*structpb.Struct{"a": nil}} //nolint:staticcheck // is read anyway
	return []*extprocv3.ProcessingRequest{
		{},
		first,
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: headers},
			Attributes: map[string]*structpb.Struct{filterName: {Fields: map[string]*structpb.Value{"response.code_details": structpb.NewStringValue("x")}}}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: odd}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{Headers: &corev3.HeaderMap{}}}},
		chunk(nil),
		chunk(&extprocv3.HttpBody{}),
		chunk(&extprocv3.HttpBody{Body: []byte("data: {}\r\n\r\n")}),
		chunk(&extprocv3.HttpBody{Body: long, EndOfStream: true}),
		chunk(&extprocv3.HttpBody{EndOfStream: true}),
		chunk(&extprocv3.HttpBody{Body: []byte("x"), EndOfStreamWithoutMessage: true}),
		marked,
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte("{}")}}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: long, EndOfStream: true}}},
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: headers}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: headers}},
		{Request: &extprocv3.ProcessingRequest_ResponseTrailers{}},
	}
}

// cut is wire in buffers of at most step bytes, as frames of HTTP/2 bring it.
func cut(wire []byte, step int) mem.BufferSlice {
	var data mem.BufferSlice
	for len(wire) > 0 {
		n := min(step, len(wire))
		data = append(data, mem.Copy(wire[:n], mem.DefaultBufferPool()))
		wire = wire[n:]
	}
	return data
}

// plainValues has raw values of headers in Value, where the codec puts them.
func plainValues(m *extprocv3.ProcessingRequest) {
	for _, h := range [...]*extprocv3.HttpHeaders{m.GetRequestHeaders(), m.GetResponseHeaders()} {
		for _, f := range h.GetHeaders().GetHeaders() {
			if len(f.GetRawValue()) > 0 {
				f.Value, f.RawValue = string(f.GetRawValue()), nil
			}
		}
	}
}

// Whatever the bytes, the codec and protobuf read the same message or both
// none. One receiver reads all: nothing may be left of an earlier message.
func FuzzDecode(f *testing.F) {
	for _, m := range requests() {
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire, uint16(len(wire)))
		f.Add(wire, uint16(len(wire)+1))
		f.Add(append(wire, noMetadata...), uint16(5))
		f.Add(append(wire, noMetadata...), uint16(6))
		f.Add(append(wire, wire...), uint16(7)) // fields that come twice
		f.Add(append(wire, 0x98, 0x06, 0x01), uint16(3))
	}
	f.Add([]byte("\x2a\x05\x0a\x01x\x10\x80"), uint16(9))
	f.Add([]byte("\x2a\x04\x0a\x01x\x10"), uint16(9)) // a tag without a value
	f.Add([]byte("\x2a\x06\x10\x01\x0a\x00\x10\x00"), uint16(9))
	r := received{around: &surroundings{}}
	c := newCodec()
	f.Fuzz(func(t *testing.T, wire []byte, step uint16) {
		data := cut(wire, int(step)+1)
		r.parts = step%2 == 0
		var want extprocv3.ProcessingRequest
		wantErr, err := proto.Unmarshal(wire, &want), c.Unmarshal(data, &r)
		data.Free() // as gRPC does: the receiver has its own reference
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		plainValues(&want)
		got := proto.Clone(r.message).(*extprocv3.ProcessingRequest)
		plainValues(got) // of those that protobuf has read
		if err == nil && !proto.Equal(got, &want) {
			t.Errorf("decoded %v, want %v", got, &want)
		}
	})
}

// What Envoy 1.39 and 1.40 really send: after each body, that there is no metadata.
const (
	envoysChunk = "\x2a\x0e\x0a\x0cdata: {}\r\n\r\n\x42\x00"
	envoysEnd   = "\x2a\x02\x10\x01\x42\x00"
)

// A chunk allocates nothing: its message and its bytes are used again.
func TestDecodeChunkAllocatesNothing(t *testing.T) {
	for _, wire := range []string{envoysChunk, envoysEnd} {
		var r received
		var err error
		data := mem.BufferSlice{mem.SliceBuffer(wire)}
		if n := testing.AllocsPerRun(100, func() { err = r.decode(data) }); n != 0 || err != nil || r.message.GetResponseBody() == nil {
			t.Errorf("%q: %v allocations per chunk, error %v", wire, n, err)
		}
	}
}

// asEnvoy is what Envoy sends for a message: the request first, that there is no
// metadata, and attributes.
func asEnvoy(t testing.TB, m *extprocv3.ProcessingRequest) []byte {
	t.Helper()
	wire, err := proto.Marshal(&extprocv3.ProcessingRequest{Request: m.GetRequest()})
	if err != nil {
		t.Fatal(err)
	}
	wire = append(wire, noMetadata...)
	wire, err = proto.MarshalOptions{}.MarshalAppend(wire, &extprocv3.ProcessingRequest{Attributes: m.GetAttributes()})
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// A body is kept by the attempt, so it must not be a slice of what gRPC will
// write the next message into. It is copied into one piece of memory, which is
// what it costs.
func TestRequestBodyIsKept(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789"), 20_000)
	wire := asEnvoy(t, &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: long, EndOfStream: true},
	}})
	var r received
	var err error
	data := mem.BufferSlice{mem.SliceBuffer(wire[:100]), mem.SliceBuffer(wire[100:])}
	if n := testing.AllocsPerRun(10, func() { err = r.decode(data) }); n > 1 || err != nil {
		t.Errorf("%v allocations, error %v", n, err)
	}
	kept := r.message.GetRequestBody().GetBody()
	clear(wire)
	r.release()
	if !bytes.Equal(kept, long) {
		t.Error("the body changed with the buffer it came in")
	}
}

// Headers are kept as well, and their number does not decide how often memory is
// asked for.
func TestHeadersAreKept(t *testing.T) {
	h := &corev3.HeaderMap{}
	for range 40 {
		h.Headers = append(h.Headers, &corev3.HeaderValue{Key: "x-name", RawValue: []byte("a value\xff")})
	}
	wire := asEnvoy(t, &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{
		RequestHeaders: &extprocv3.HttpHeaders{Headers: h},
	}})
	r := received{around: &surroundings{}}
	var err error
	data := mem.BufferSlice{mem.SliceBuffer(wire)}
	if n := testing.AllocsPerRun(10, func() { err = r.decode(data) }); n > 8 || err != nil {
		t.Errorf("%v allocations, error %v", n, err)
	}
	got := headersOf(r.message.GetRequestHeaders(), nil)
	clear(wire)
	r.release()
	for _, f := range got {
		if f.Name != "x-name" || f.Value != "a value\xff" {
			t.Fatalf("got %q: %q", f.Name, f.Value)
		}
	}
	if len(got) != 40 {
		t.Errorf("got %d headers", len(got))
	}
}

// What stands beside the headers is read once, and nothing of one message gets
// into another.
func TestSurroundingsAreRemembered(t *testing.T) {
	details := func(s string) []byte {
		return asEnvoy(t, &extprocv3.ProcessingRequest{
			Request:    &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{}},
			Attributes: map[string]*structpb.Struct{filterName: {Fields: map[string]*structpb.Value{"response.code_details": structpb.NewStringValue(s)}}},
		})
	}
	r := received{around: &surroundings{}}
	read := func(wire []byte) *extprocv3.ProcessingRequest {
		t.Helper()
		if err := r.decode(mem.BufferSlice{mem.SliceBuffer(wire)}); err != nil {
			t.Fatal(err)
		}
		return r.message
	}
	via, long := details("via_upstream"), details(strings.Repeat("x", longestSurrounding))
	first := read(via)
	if n := testing.AllocsPerRun(10, func() { read(via) }); n > 6 {
		t.Errorf("%v allocations", n)
	}
	for _, want := range []string{"timeout", "via_upstream"} {
		if got := codeDetails(read(details(want))); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	kept := r.around.latest[1].Load()
	if got := codeDetails(read(long)); len(got) != longestSurrounding || r.around.latest[1].Load() != kept {
		t.Errorf("%d bytes read; what is long must not be kept", len(got))
	}
	if codeDetails(first) != "via_upstream" || first.GetResponseHeaders() == nil {
		t.Error("a message has changed with the next one")
	}
}

// No field that may stand beside the headers is left out, also none that a later
// version of the protocol adds.
func TestSurroundingsAreWhole(t *testing.T) {
	fields := (&extprocv3.ProcessingRequest{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.ContainingOneof() != nil {
			continue
		}
		beside := &extprocv3.ProcessingRequest{}
		to := beside.ProtoReflect()
		switch {
		case f.IsMap():
			beside.Attributes = map[string]*structpb.Struct{"a": {}}
		case f.Message() != nil:
			to.Set(f, to.NewField(f))
		case f.Kind() == protoreflect.BoolKind:
			to.Set(f, protoreflect.ValueOfBool(true))
		}
		if !to.Has(f) {
			t.Fatalf("the test cannot set %s", f.Name())
		}
		wire, err := proto.Marshal(beside)
		if err != nil {
			t.Fatal(err)
		}
		around := &surroundings{}
		for range 2 { // read, and remembered
			if got := around.read(fieldRequestHeaders, string(wire)); !proto.Equal(got, beside) {
				t.Errorf("%s: got %v", f.Name(), got)
			}
		}
	}
}

// The server has one codec for all services.
func TestCodecOfOtherServices(t *testing.T) {
	c := newCodec()
	want := &grpc_health_v1.HealthCheckRequest{Service: "a"}
	data, err := c.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got grpc_health_v1.HealthCheckRequest
	if err := c.Unmarshal(data, &got); err != nil || !proto.Equal(&got, want) {
		t.Errorf("got %v, error %v", &got, err)
	}
	if c.Name() != "proto" {
		t.Errorf("content subtype %q", c.Name())
	}
}

// BenchmarkDecode reads what Envoy sends.
func BenchmarkDecode(b *testing.B) {
	h := &corev3.HeaderMap{}
	for range 18 {
		h.Headers = append(h.Headers, &corev3.HeaderValue{Key: "x-some-name", RawValue: []byte("a value of usual length")})
	}
	for _, c := range []struct {
		name string
		m    *extprocv3.ProcessingRequest
	}{
		{"chunk", &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
			ResponseBody: &extprocv3.HttpBody{Body: bytes.Repeat([]byte("x"), 400)}}}},
		{"body", &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
			RequestBody: &extprocv3.HttpBody{Body: bytes.Repeat([]byte("x"), 200<<10), EndOfStream: true}}}},
		{"headers", &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseHeaders{
			ResponseHeaders: &extprocv3.HttpHeaders{Headers: h}},
			Attributes: map[string]*structpb.Struct{filterName: {Fields: map[string]*structpb.Value{"response.code_details": structpb.NewStringValue("via_upstream")}}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			wire := asEnvoy(b, c.m)
			data := cut(wire, 16<<10)
			r := received{around: &surroundings{}}
			b.ReportAllocs()
			b.SetBytes(int64(len(wire)))
			for b.Loop() {
				if err := r.decode(data); err != nil {
					b.Fatal(err)
				}
				if h := r.message.GetResponseHeaders(); h != nil {
					headersOf(h, nil)
				}
			}
		})
	}
}
