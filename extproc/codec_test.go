package extproc

import (
	"bytes"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
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
	return []*extprocv3.ProcessingRequest{
		{},
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
		f.Add(append(wire, wire...), uint16(7)) // fields that come twice
		f.Add(append(wire, 0x98, 0x06, 0x01), uint16(3))
	}
	f.Add([]byte("\x2a\x05\x0a\x01x\x10\x80"), uint16(9))
	f.Add([]byte("\x2a\x04\x0a\x01x\x10"), uint16(9)) // a tag without a value
	f.Add([]byte("\x2a\x06\x10\x01\x0a\x00\x10\x00"), uint16(9))
	var r received
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
		if err == nil && !proto.Equal(r.message, &want) {
			t.Errorf("decoded %v, want %v", r.message, &want)
		}
	})
}

// A chunk allocates nothing: its message and its bytes are used again.
func TestDecodeChunkAllocatesNothing(t *testing.T) {
	wire, err := proto.Marshal(requests()[3])
	if err != nil {
		t.Fatal(err)
	}
	var r received
	data := mem.BufferSlice{mem.SliceBuffer(wire)}
	if n := testing.AllocsPerRun(100, func() { err = r.decode(data) }); n != 0 || err != nil {
		t.Errorf("%v allocations per chunk, error %v", n, err)
	}
}

// A body is kept by the attempt, so it must not be a slice of what gRPC will
// write the next message into.
func TestRequestBodyIsKept(t *testing.T) {
	m := requests()[8]
	want := bytes.Clone(m.GetRequestBody().GetBody())
	wire, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var r received
	if err := r.decode(mem.BufferSlice{mem.SliceBuffer(wire)}); err != nil {
		t.Fatal(err)
	}
	kept := r.message.GetRequestBody().GetBody()
	clear(wire)
	r.release()
	if !bytes.Equal(kept, want) {
		t.Error("the body changed with the buffer it came in")
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
