package extproc

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/policies"
)

// readReply reads with protobuf what was written by hand, as Envoy does.
func readReply(t testing.TB, r *headerReply) *extprocv3.ProcessingResponse {
	t.Helper()
	data, err := newCodec().Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	m := &extprocv3.ProcessingResponse{}
	if err := (proto.UnmarshalOptions{}).Unmarshal(data.Materialize(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHeaderReplies(t *testing.T) {
	// Lengths are written with one, two or three bytes.
	for _, n := range []int{0, 1, 100, 127, 128, 130, 16383, 16384, 70_000} {
		long := strings.Repeat("v", n)
		f := &policies.Forward{
			Cluster: "a1", Path: "/p?" + long, Set: policies.Headers{{Name: "x-a", Value: long}, {Name: "x-bad", Value: "a\r\nb\xff"}, {Name: "content-length", Value: "1"}},
			Remove: []string{"x-b", "x-" + long}, Body: []byte(long),
		}
		mutation := &extprocv3.HeaderMutation{
			SetHeaders: []*corev3.HeaderValueOption{
				overwrite("x-a", long), overwrite("x-bad", policies.Clean("a\r\nb\xff")), overwrite(policies.HeaderCluster, "a1"), overwrite(":path", "/p?"+long),
			},
			RemoveHeaders: []string{"x-b", "x-" + long, policies.HeaderReceived},
		}
		common := &extprocv3.CommonResponse{HeaderMutation: mutation, ClearRouteCache: true}
		if n > 0 {
			common.Status = extprocv3.CommonResponse_CONTINUE_AND_REPLACE
			common.BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: f.Body}}
		}
		want := &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{Response: common}}}
		if got := readReply(t, forwardInHeaders(f)); !proto.Equal(got, want) {
			t.Errorf("%d bytes, in headers: got %v, want %v", n, got, want)
		}

		common.Status = extprocv3.CommonResponse_CONTINUE
		common.BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: f.Body}}
		mutation.SetHeaders = append(mutation.SetHeaders, overwrite("content-length", fmt.Sprint(n)))
		want = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: common}}}
		if got := readReply(t, forwardInBody(f)); !proto.Equal(got, want) {
			t.Errorf("%d bytes, in the body: got %v, want %v", n, got, want)
		}

		head := &policies.Head{Status: 201, Set: policies.Headers{{Name: "x-a", Value: long}}, Remove: []string{"x-b"}}
		want = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseHeaders{ResponseHeaders: &extprocv3.HeadersResponse{
			Response: &extprocv3.CommonResponse{HeaderMutation: &extprocv3.HeaderMutation{
				SetHeaders:    []*corev3.HeaderValueOption{overwrite("x-a", long), overwrite(policies.HeaderVerdict, "pass"), overwrite(":status", "201")},
				RemoveHeaders: []string{"x-b", "content-length"},
			}},
		}}}
		if got := readReply(t, passHeaders(&policies.Response{Status: 200}, head, false)); !proto.Equal(got, want) {
			t.Errorf("%d bytes, response headers: got %v, want %v", n, got, want)
		}
	}
}

// A request without a body leaves without one, not with that of the client.
func TestNoBodyIsAnEmptyBody(t *testing.T) {
	m := readReply(t, forwardInBody(&policies.Forward{}))
	if b, ok := m.GetRequestBody().GetResponse().GetBodyMutation().GetMutation().(*extprocv3.BodyMutation_Body); !ok || len(b.Body) != 0 {
		t.Errorf("got %v", m)
	}
}

// The body of a request is not copied, however long it is.
func TestForwardedBodyIsNotCopied(t *testing.T) {
	f := &policies.Forward{Body: bytes.Repeat([]byte("x"), 1<<20)}
	data := forwardInBody(f).encode()
	if last := data[len(data)-1].ReadOnlyData(); &last[0] != &f.Body[0] {
		t.Error("the body was copied")
	}
}

func BenchmarkHeaderReply(b *testing.B) {
	head := &policies.Head{Remove: []string{"server", "alt-svc"}}
	for i := range 14 {
		head.Set = append(head.Set, policies.Header{Name: fmt.Sprintf("x-heald-name-%d", i), Value: "a value of usual length"})
	}
	f := &policies.Forward{Path: "/v1beta/models/x:streamGenerateContent?alt=sse", Cluster: "a1", Set: head.Set[:5], Remove: head.Remove, Body: bytes.Repeat([]byte("x"), 200<<10)}
	c := newCodec()
	for name, reply := range map[string]func() any{
		"pass":    func() any { return passHeaders(&policies.Response{Status: 200}, head, false) },
		"forward": func() any { return forwardInBody(f) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				data, err := c.Marshal(reply())
				if err != nil {
					b.Fatal(err)
				}
				data.Free()
			}
		})
	}
}
