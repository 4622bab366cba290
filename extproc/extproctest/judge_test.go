package extproctest

import (
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"github.com/heald-proxy/heald/policies"
)

var (
	reqHeaders = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}}}
	reqBody    = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{}}}
	respHead   = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{Headers: headerMap([]string{":status", "200"})}}}
	respChunk  = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: &extprocv3.HttpBody{}}}
	respEnd    = &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseTrailers{ResponseTrailers: &extprocv3.HttpTrailers{}}}
)

func set(pairs ...string) *extprocv3.HeaderMutation {
	m := &extprocv3.HeaderMutation{}
	for i := 0; i < len(pairs); i += 2 {
		m.SetHeaders = append(m.SetHeaders, &corev3.HeaderValueOption{
			Header:       &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])},
			AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		})
	}
	return m
}

func bodyReply(length string) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
		HeaderMutation:  set("content-length", length, policies.HeaderCluster, "a1"),
		BodyMutation:    &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: []byte("{}")}},
		ClearRouteCache: true,
	}}}}
}

func headReply(m *extprocv3.HeaderMutation) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseHeaders{
		ResponseHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: m}}}}
}

func chunkReply(body string, end bool) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseBody{ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
		BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
			StreamedResponse: &extprocv3.StreamedBodyResponse{Body: []byte(body), EndOfStream: end}}},
	}}}}
}

func immediateReply(status int, details string, m *extprocv3.HeaderMutation) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ImmediateResponse{ImmediateResponse: &extprocv3.ImmediateResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(status)}, Headers: m, Details: details}}}
}

// The judge must refuse whatever Envoy refuses, or no test means anything.
func TestJudge(t *testing.T) {
	stamp := set(policies.HeaderVerdict, "pass")
	unrouted := bodyReply("2")
	unrouted.GetRequestBody().GetResponse().ClearRouteCache = false
	plain := chunkReply("", false)
	plain.GetResponseBody().GetResponse().BodyMutation = &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: []byte("x")}}
	appended := set(policies.HeaderVerdict, "pass")
	appended.SetHeaders[0].AppendAction = corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD

	for _, c := range []struct {
		name  string
		trace []any  // what Envoy says and what it is told, in order
		want  string // in the error of the last reply; "" for none
	}{
		{"a good exchange", []any{reqBody, bodyReply("2"), respHead, respChunk, headReply(stamp), chunkReply("x", true)}, ""},
		{"body reply not due", []any{reqHeaders, bodyReply("2")}, "spurious_message"},
		{"body reply after a local reply", []any{reqBody, respHead, bodyReply("2")}, "spurious_message"},
		{"wrong length", []any{reqBody, bodyReply("3")}, "mismatch_between_content_length"},
		{"route kept", []any{reqBody, unrouted}, "cluster_not_found"},
		{"chunk before headers reply", []any{respHead, respChunk, chunkReply("x", false)}, "spurious_message"},
		{"chunk before first chunk", []any{respHead, headReply(stamp), chunkReply("x", false)}, "spurious_message"},
		{"plain body", []any{respHead, respChunk, headReply(stamp), plain}, "spurious_message"},
		{"chunk that says nothing", []any{respHead, respChunk, headReply(stamp), chunkReply("", false)}, "says nothing"},
		{"chunk too long", []any{respHead, respChunk, headReply(stamp), chunkReply(strings.Repeat("x", 70_000), false)}, "64 KiB"},
		{"chunk after the end", []any{respHead, respChunk, headReply(stamp), chunkReply("", true), chunkReply("x", false)}, "spurious_message"},
		{"chunk ends before trailers", []any{respHead, respChunk, respEnd, headReply(stamp), chunkReply("x", true)}, "trailers"},
		{"trailers reply not due", []any{respHead, respChunk, headReply(stamp), &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseTrailers{}}}, "spurious_message"},
		{"headers reply twice", []any{respHead, headReply(stamp), headReply(stamp)}, "spurious_message"},
		{"pass without stamp", []any{respHead, headReply(set())}, policies.HeaderVerdict},
		{"pass appends", []any{respHead, headReply(appended)}, "appended"},
		{"immediate without stamp", []any{reqHeaders, immediateReply(500, "heald_x", set())}, policies.HeaderVerdict},
		{"immediate without details", []any{reqHeaders, immediateReply(500, "", stamp)}, "details"},
		{"immediate with no status", []any{reqHeaders, immediateReply(0, "heald_x", stamp)}, "status"},
		{"header with line break", []any{reqHeaders, immediateReply(500, "heald_x", set("a", "b\r\nc"))}, "not valid"},
		{"immediate", []any{reqHeaders, immediateReply(529, "heald_x", stamp)}, ""},
		{"empty reply", []any{reqHeaders, &extprocv3.ProcessingResponse{}}, "spurious_message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j judge
			for i, m := range c.trace {
				if said, ok := m.(*extprocv3.ProcessingRequest); ok {
					j.noteMessage(said)
					continue
				}
				err := j.rule(m.(*extprocv3.ProcessingResponse))
				last := i == len(c.trace)-1
				switch {
				case (!last || c.want == "") && err != nil:
					t.Errorf("reply %d: %v", i, err)
				case last && c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("ruled %v, want %q", err, c.want)
				}
			}
		})
	}
}

// After the head has gone out, a reply can only cut.
func TestJudgeCut(t *testing.T) {
	j := judge{}
	j.noteMessage(respHead)
	if err := j.rule(headReply(set(policies.HeaderVerdict, "pass"))); err != nil {
		t.Fatal(err)
	}
	if err := j.rule(immediateReply(500, "heald_panic", set())); err != nil || !j.seen.Cut || j.seen.Status != 200 {
		t.Errorf("ruled %v, seen %+v", err, j.seen)
	}
}
