package extproc

import (
	"slices"
	"strconv"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/heald-proxy/heald/policies"
)

// Replies that never change; gRPC only reads them.
var (
	continueHeaders = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{
		RequestHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: &extprocv3.HeaderMutation{
			SetHeaders: []*corev3.HeaderValueOption{overwrite(policies.HeaderReceived, "1")},
		}}},
	}}
	continueRequestTrailers = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestTrailers{
		RequestTrailers: &extprocv3.TrailersResponse{},
	}}
	continueResponseTrailers = &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseTrailers{
		ResponseTrailers: &extprocv3.TrailersResponse{},
	}}
)

// send sends a reply: a protobuf message or a headerReply.
func (s *stream) send(m any) error {
	if err := s.grpc.SendMsg(m); err != nil {
		return errGone
	}
	return nil
}

// sendImmediate sends a whole reply. Envoy drops the provider's response, if
// there is one, and closes the stream.
func (s *stream) sendImmediate(r *policies.Reply) error {
	s.server.metric.immediates.WithLabelValues(r.Verdict.String()).Inc()
	return s.send(immediate(r, s.oneHop))
}

// forwardInBody is the rewritten request as the answer to a request body.
func forwardInBody(f *policies.Forward) *headerReply {
	r := forwardWithLength(toRequestBody, f)
	if r.body = f.Body; r.body == nil {
		r.body = []byte{} // to replace the client's
	}
	return r
}

// forwardHeaders are the headers of the rewritten request, whose body follows
// in parts.
func forwardHeaders(f *policies.Forward) *headerReply { return forwardWithLength(toRequestHeaders, f) }

// forwardWithLength is forward for a request with a body: Envoy answers 500
// itself, or breaks the request off, if the length does not fit the new body.
func forwardWithLength(answers protowire.Number, f *policies.Forward) *headerReply {
	r := forward(answers, f)
	r.set("content-length", strconv.Itoa(len(f.Body)))
	return r
}

// forwardInHeaders is the rewritten request where the client sent no body. One
// can only be added by replacing the whole message.
func forwardInHeaders(f *policies.Forward) *headerReply {
	r := forward(toRequestHeaders, f)
	if len(f.Body) > 0 {
		r.replace, r.body = true, f.Body
	}
	return r
}

func forward(answers protowire.Number, f *policies.Forward) *headerReply {
	r := newHeaderReply(answers, 5, f.Remove, f.Set)
	r.remove(policies.HeaderReceived)
	set := func(name, value string) {
		if value != "" {
			r.set(name, value)
		}
	}
	set(policies.HeaderCluster, f.Cluster)
	set(":path", f.Path)
	set(":authority", f.Authority)
	r.reroute = true // the route was chosen before the cluster's name was known
	return r
}

// passHeaders releases the response headers, without the length, which is not
// that of the new body.
func passHeaders(resp *policies.Response, head *policies.Head, oneHop bool) *headerReply {
	r := newHeaderReply(toResponseHeaders, 3, head.Remove, head.Set)
	r.remove("content-length")
	if !oneHop {
		r.set(policies.HeaderVerdict, policies.Pass.String())
	}
	if head.Status != 0 && head.Status != resp.Status {
		r.set(":status", strconv.Itoa(head.Status))
	}
	return r
}

// wholeReply is a passed response in the form of a reply, for responses to
// which Envoy accepts no body. The provider's headers stay, except those that
// describe its connection, and Envoy's own, which Envoy lets nobody set.
func wholeReply(resp *policies.Response, head *policies.Head, body []byte) *policies.Reply {
	drop := append([]string{"content-length", "transfer-encoding", "connection", "keep-alive", "trailer"}, head.Remove...)
	r := &policies.Reply{
		Status: orDefault(head.Status, resp.Status),
		Headers: slices.DeleteFunc(slices.Clone(resp.Headers), func(h policies.Header) bool {
			return slices.Contains(drop, h.Name) || strings.HasPrefix(h.Name, "x-envoy-")
		}),
		Body:    body,
		Verdict: policies.Pass,
		Reason:  "pass",
	}
	for _, h := range head.Set {
		r.Headers.Set(h.Name, h.Value)
	}
	return r
}

// immediate is a reply with its stamp and, if another attempt is asked for,
// its mark; with one hop it has neither.
func immediate(r *policies.Reply, oneHop bool) *extprocv3.ProcessingResponse {
	m := mutation(len(r.Headers)+4, r.Headers)
	set := func(name, value string) { m.SetHeaders = append(m.SetHeaders, overwrite(name, value)) }
	if !oneHop {
		set(policies.HeaderVerdict, r.Verdict.String())
	}
	if r.Verdict.Again() && !oneHop {
		set(policies.HeaderRetry, "1")
		if r.Wait >= time.Second {
			set(policies.HeaderRetryAfter, strconv.FormatInt(int64((r.Wait+time.Second-1)/time.Second), 10))
		}
		if r.Memory != "" {
			set(policies.HeaderMemory, r.Memory)
		}
	}
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ImmediateResponse{
		ImmediateResponse: &extprocv3.ImmediateResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode(statusCode(r.Status))},
			Headers: m,
			Body:    r.Body,
			// Without it Envoy's log has no details at all.
			Details: "heald_" + r.Reason,
		},
	}}
}

// statusCode replaces a status that is not valid in HTTP.
func statusCode(code int) int {
	if code < 200 || code > 599 {
		return 500
	}
	return code
}
