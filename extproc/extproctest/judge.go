package extproctest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/policies"
)

// judge knows what Envoy has said and done, and so which replies are legal.
// Its zero value is a stream on which nothing has happened.
type judge struct {
	duplex bool // the request's body is sent in parts
	oneHop bool // clients see the reply as it is
	// The replies that Envoy waits for.
	headersDue, bodyDue, requestTrailersDue bool
	responseHeadersDue                      bool

	parts        bool // a part of the request's body was sent
	whole        bool // its last reply came
	withTrailers bool // request trailers were sent
	replied      int  // bytes of it that were replied

	request    policies.Headers // as changed so far, pseudo headers too
	response   policies.Headers
	headerOnly bool // the response has no body
	chunked    bool // a response chunk was sent
	trailers   bool // response trailers were sent
	over       bool // Envoy takes no more replies

	seen Seen
}

// Seen is what the client has got so far.
type Seen struct {
	Status  int // 0: nothing yet
	Headers policies.Headers
	Body    []byte
	// Complete says that the response ended well.
	Complete bool
	// Cut says that the response broke off after its head had gone out.
	Cut bool
}

// How much Envoy accepts in one reply, in bytes.
const (
	replyLimit        = 64 << 10 // of a response's body
	requestReplyLimit = 32 << 20 // of a request's
)

// noteMessage notes a message of Envoy.
func (j *judge) noteMessage(m *extprocv3.ProcessingRequest) {
	switch r := m.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_RequestHeaders:
		j.request = fields(r.RequestHeaders.GetHeaders())
		j.headersDue = true
	case *extprocv3.ProcessingRequest_RequestBody:
		j.bodyDue, j.parts = !j.duplex, true
	case *extprocv3.ProcessingRequest_RequestTrailers:
		j.requestTrailersDue, j.withTrailers = true, true
	case *extprocv3.ProcessingRequest_ResponseHeaders:
		j.response = fields(r.ResponseHeaders.GetHeaders())
		j.responseHeadersDue = true
		j.headerOnly = r.ResponseHeaders.GetEndOfStream()
		// A local reply replaces what was under way.
		j.headersDue, j.bodyDue = false, false
	case *extprocv3.ProcessingRequest_ResponseBody:
		j.chunked = true
	case *extprocv3.ProcessingRequest_ResponseTrailers:
		j.trailers = true
	}
}

func spurious(format string, args ...any) error {
	return fmt.Errorf("spurious_message: "+format, args...)
}

// rule applies a reply, or says why Envoy would not.
func (j *judge) rule(m *extprocv3.ProcessingResponse) error {
	if j.over {
		return spurious("%s after the end", brief(m))
	}
	switch r := m.GetResponse().(type) {
	case *extprocv3.ProcessingResponse_RequestHeaders:
		return j.requestHeaders(r.RequestHeaders.GetResponse())
	case *extprocv3.ProcessingResponse_RequestBody:
		return j.requestBody(r.RequestBody.GetResponse())
	case *extprocv3.ProcessingResponse_RequestTrailers:
		if !j.requestTrailersDue {
			return spurious("request_trailers reply, none were sent")
		}
		j.requestTrailersDue = false
		if j.duplex && !j.whole {
			return j.complete()
		}
		return nil
	case *extprocv3.ProcessingResponse_ResponseHeaders:
		return j.responseHeaders(r.ResponseHeaders.GetResponse())
	case *extprocv3.ProcessingResponse_ResponseBody:
		return j.responseBody(r.ResponseBody.GetResponse())
	case *extprocv3.ProcessingResponse_ResponseTrailers:
		return j.responseTrailers()
	case *extprocv3.ProcessingResponse_ImmediateResponse:
		return j.immediate(r.ImmediateResponse)
	}
	return spurious("reply without content")
}

func (j *judge) requestHeaders(c *extprocv3.CommonResponse) error {
	if !j.headersDue {
		return spurious("request_headers reply where none is due")
	}
	j.headersDue = false
	replaced := c.GetStatus() == extprocv3.CommonResponse_CONTINUE_AND_REPLACE
	if replaced || j.duplex && !j.parts {
		j.whole = true // what follows, if anything, is no body
		j.requestTrailersDue = j.requestTrailersDue && !replaced
	}
	return j.change(c, replaced)
}

func (j *judge) requestBody(c *extprocv3.CommonResponse) error {
	if j.duplex {
		return j.requestPart(c)
	}
	if !j.bodyDue {
		return spurious("request_body reply where none is due")
	}
	j.bodyDue = false
	return j.change(c, false)
}

// requestPart takes a part of a request's body.
func (j *judge) requestPart(c *extprocv3.CommonResponse) error {
	part := c.GetBodyMutation().GetStreamedResponse()
	switch {
	case part == nil:
		return spurious("request_body reply without streamed_response")
	case j.headersDue:
		return spurious("request_body reply before the request_headers reply")
	case !j.parts:
		return spurious("request_body reply before the first part")
	case j.whole:
		return spurious("request_body reply after the last one")
	case c.GetHeaderMutation() != nil:
		return errors.New("request_body reply with header mutations, which are ignored")
	case len(part.GetBody()) > requestReplyLimit:
		return fmt.Errorf("request_body reply of %d bytes; Envoy was seen to take 32 MiB", len(part.GetBody()))
	case part.GetEndOfStream() && j.requestTrailersDue:
		return errors.New("request_body reply with end_of_stream, though trailers wait for a reply")
	}
	if j.replied += len(part.GetBody()); part.GetEndOfStream() {
		return j.complete()
	}
	return nil
}

// complete ends a request's body that is replied in parts.
func (j *judge) complete() error {
	j.whole = true
	if length := j.request.Get("content-length"); length != strconv.Itoa(j.replied) {
		return fmt.Errorf("the request has content-length %q and a body of %d bytes", length, j.replied)
	}
	return nil
}

// change applies a changed request.
func (j *judge) change(c *extprocv3.CommonResponse, replaced bool) error {
	before := j.request.Get(policies.HeaderCluster)
	if err := mutate(&j.request, c.GetHeaderMutation()); err != nil {
		return err
	}
	if j.request.Get(policies.HeaderCluster) != before && !c.GetClearRouteCache() {
		return errors.New("cluster_not_found: the cluster changed without clear_route_cache")
	}
	if c.GetBodyMutation().GetStreamedResponse() != nil {
		return spurious("streamed body in reply to a BUFFERED request body")
	}
	body := c.GetBodyMutation().GetBody()
	length := j.request.Get("content-length")
	if c.GetBodyMutation() != nil && !replaced && length != "" && length != strconv.Itoa(len(body)) {
		return fmt.Errorf("mismatch_between_content_length_and_the_length_of_the_mutated_body: %s, body has %d", length, len(body))
	}
	return nil
}

func (j *judge) responseHeaders(c *extprocv3.CommonResponse) error {
	if !j.responseHeadersDue {
		return spurious("response_headers reply where none is due")
	}
	j.responseHeadersDue = false
	if err := mutate(&j.response, c.GetHeaderMutation()); err != nil {
		return err
	}
	if err := j.head(j.response); err != nil {
		return err
	}
	if !j.headerOnly && j.response.Get("content-length") != "" {
		return errors.New("content-length kept on a response whose body may change")
	}
	j.seen.Complete = j.headerOnly
	j.over = j.headerOnly
	return nil
}

// head notes the head that the client gets.
func (j *judge) head(h policies.Headers) error {
	switch stamp := h.Get(policies.HeaderVerdict); {
	case j.oneHop && stamp != "":
		return fmt.Errorf("the client sees %s", policies.HeaderVerdict)
	case !j.oneHop && stamp == "":
		return fmt.Errorf("reply without %s: the outer router would retry it", policies.HeaderVerdict)
	}
	status, err := strconv.Atoi(h.Get(":status"))
	if err != nil || status < 200 || status > 599 {
		return fmt.Errorf("status %q is none", h.Get(":status"))
	}
	j.seen.Status, j.seen.Headers = status, h
	return nil
}

func (j *judge) responseBody(c *extprocv3.CommonResponse) error {
	part := c.GetBodyMutation().GetStreamedResponse()
	switch {
	case part == nil:
		return spurious("response_body reply without streamed_response")
	case j.response == nil || j.responseHeadersDue:
		return spurious("response_body reply before the response_headers reply")
	case !j.chunked:
		return spurious("response_body reply before the first chunk")
	case len(part.GetBody()) > replyLimit:
		return fmt.Errorf("response_body reply of %d bytes; Envoy takes 64 KiB", len(part.GetBody()))
	case len(part.GetBody()) == 0 && !part.GetEndOfStream():
		return errors.New("response_body reply that says nothing")
	case part.GetEndOfStream() && j.trailers:
		return errors.New("response_body reply with end_of_stream, though trailers wait for a reply")
	}
	j.seen.Body = append(j.seen.Body, part.GetBody()...)
	j.seen.Complete = part.GetEndOfStream()
	j.over = part.GetEndOfStream()
	return nil
}

func (j *judge) responseTrailers() error {
	if !j.trailers || j.responseHeadersDue {
		return spurious("response_trailers reply where none is due")
	}
	j.seen.Complete, j.over = true, true
	return nil
}

// immediate replaces the response, or cuts short what is already under way.
func (j *judge) immediate(r *extprocv3.ImmediateResponse) error {
	j.over = true
	if j.seen.Status != 0 {
		j.seen.Cut = true
		return nil
	}
	h := policies.Headers{{Name: ":status", Value: strconv.Itoa(int(r.GetStatus().GetCode()))}}
	if err := mutate(&h, r.GetHeaders()); err != nil {
		return err
	}
	if r.GetDetails() == "" || strings.ContainsAny(r.GetDetails(), " \t\r\n") {
		return fmt.Errorf("details %q: Envoy's log needs one word", r.GetDetails())
	}
	j.seen.Body, j.seen.Complete = r.GetBody(), true
	return j.head(h)
}

// mutate applies a header mutation as Envoy does: removals first.
func mutate(h *policies.Headers, m *extprocv3.HeaderMutation) error {
	for _, name := range m.GetRemoveHeaders() {
		if strings.HasPrefix(name, ":") {
			return fmt.Errorf("removal of %s, which no message can be without", name)
		}
		kept := (*h)[:0]
		for _, f := range *h {
			if f.Name != name {
				kept = append(kept, f)
			}
		}
		*h = kept
	}
	for _, o := range m.GetSetHeaders() {
		name, value := o.GetHeader().GetKey(), string(o.GetHeader().GetRawValue())
		switch {
		case o.GetHeader().GetValue() != "":
			return fmt.Errorf("header %s is set by value; only raw_value keeps all bytes", name)
		case o.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD:
			return fmt.Errorf("header %s is appended: action %s", name, o.GetAppendAction())
		case name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, " \t\r\n"):
			return fmt.Errorf("header name %q is not valid", name)
		case strings.ContainsAny(value, "\x00\r\n"):
			return fmt.Errorf("header %s: value %q is not valid", name, value)
		}
		h.Set(name, value)
	}
	return nil
}

func fields(m *corev3.HeaderMap) policies.Headers {
	h := make(policies.Headers, 0, len(m.GetHeaders()))
	for _, f := range m.GetHeaders() {
		h = append(h, policies.Header{Name: f.GetKey(), Value: string(f.GetRawValue())})
	}
	return h
}
