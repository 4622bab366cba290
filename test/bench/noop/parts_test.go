package noop

import (
	"testing"

	extprocfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
)

// A request in parts goes on whole, once its end has come.
func TestParts(t *testing.T) {
	ctx, conn := dial(t)
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(ctx)
	if err != nil {
		t.Fatal(err)
	}
	part := func(text string, end bool) *extprocv3.ProcessingRequest {
		return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte(text), EndOfStream: end}}}
	}
	for _, m := range []*extprocv3.ProcessingRequest{
		{
			Request:        &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}},
			ProtocolConfig: &extprocv3.ProtocolConfiguration{RequestBodyMode: extprocfilterv3.ProcessingMode_FULL_DUPLEX_STREAMED},
		},
		part("one ", false), part("two", false), part("", true),
	} {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	head, err := stream.Recv()
	if err != nil || !head.GetRequestHeaders().GetResponse().GetClearRouteCache() {
		t.Fatalf("got %v, %v; want the request's headers", head, err)
	}
	body, err := stream.Recv()
	if got := body.GetRequestBody().GetResponse().GetBodyMutation().GetStreamedResponse(); err != nil || string(got.GetBody()) != "one two" || !got.GetEndOfStream() {
		t.Errorf("got %v, %v; want the whole body", body, err)
	}
}
