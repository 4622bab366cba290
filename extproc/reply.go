package extproc

import (
	"slices"
	"strconv"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

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

func (s *stream) send(m *extprocv3.ProcessingResponse) error {
	if err := s.grpc.Send(m); err != nil {
		return errGone
	}
	return nil
}

// sendImmediate sends a whole reply. Envoy drops the provider's response, if
// there is one, and closes the stream.
func (s *stream) sendImmediate(r *policies.Reply) error {
	s.server.metric.immediates.WithLabelValues(r.Verdict.String()).Inc()
	return s.send(immediate(r))
}

// forwardInBody is the rewritten request as the answer to a request body.
func forwardInBody(f *policies.Forward) *extprocv3.ProcessingResponse {
	c := forwardWithLength(f)
	c.BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: f.Body}}
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestBody{
		RequestBody: &extprocv3.BodyResponse{Response: c},
	}}
}

// forwardHeaders are the headers of the rewritten request, whose body follows
// in parts.
func forwardHeaders(f *policies.Forward) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{
		RequestHeaders: &extprocv3.HeadersResponse{Response: forwardWithLength(f)},
	}}
}

// forwardWithLength is forward for a request with a body: Envoy answers 500
// itself, or breaks the request off, if the length does not fit the new body.
func forwardWithLength(f *policies.Forward) *extprocv3.CommonResponse {
	c := forward(f)
	c.HeaderMutation.SetHeaders = append(c.HeaderMutation.SetHeaders, overwrite("content-length", strconv.Itoa(len(f.Body))))
	return c
}

// forwardInHeaders is the rewritten request where the client sent no body. One
// can only be added by replacing the whole message.
func forwardInHeaders(f *policies.Forward) *extprocv3.ProcessingResponse {
	c := forward(f)
	if len(f.Body) > 0 {
		c.Status = extprocv3.CommonResponse_CONTINUE_AND_REPLACE
		c.BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: f.Body}}
	}
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{
		RequestHeaders: &extprocv3.HeadersResponse{Response: c},
	}}
}

func forward(f *policies.Forward) *extprocv3.CommonResponse {
	m := mutation(len(f.Set)+4, f.Remove, f.Set)
	m.RemoveHeaders = append(m.RemoveHeaders, policies.HeaderReceived)
	set := func(name, value string) {
		if value != "" {
			m.SetHeaders = append(m.SetHeaders, overwrite(name, value))
		}
	}
	set(policies.HeaderCluster, f.Cluster)
	set(":path", f.Path)
	set(":authority", f.Authority)
	return &extprocv3.CommonResponse{
		HeaderMutation: m,
		// The route was chosen before the cluster's name was known.
		ClearRouteCache: true,
	}
}

// passHeaders releases the response headers. The length is not that of what
// will be sent.
func passHeaders(resp *policies.Response, head *policies.Head) *extprocv3.ProcessingResponse {
	m := mutation(len(head.Set)+2, head.Remove, head.Set)
	m.RemoveHeaders = append(m.RemoveHeaders, "content-length")
	m.SetHeaders = append(m.SetHeaders, overwrite(policies.HeaderVerdict, policies.Pass.String()))
	if head.Status != 0 && head.Status != resp.Status {
		m.SetHeaders = append(m.SetHeaders, overwrite(":status", strconv.Itoa(head.Status)))
	}
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseHeaders{
		ResponseHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: m}},
	}}
}

// wholeReply is a passed response in the form of a reply, for where Envoy
// accepts no body for the response itself. The provider's headers stay, as
// they would there, but for those that describe its connection and Envoy's own,
// which Envoy lets nobody set.
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
// its mark.
func immediate(r *policies.Reply) *extprocv3.ProcessingResponse {
	m := mutation(len(r.Headers)+4, nil, r.Headers)
	set := func(name, value string) { m.SetHeaders = append(m.SetHeaders, overwrite(name, value)) }
	set(policies.HeaderVerdict, r.Verdict.String())
	if r.Verdict.Again() {
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

// statusCode keeps a reply from leaving with a status that is none.
func statusCode(code int) int {
	if code < 200 || code > 599 {
		return 500
	}
	return code
}
