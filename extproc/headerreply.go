package extproc

import (
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/policies"
)

// headerReply is a reply that changes headers, and may bring a body:
//
//	ProcessingResponse{answers: HeadersResponse or BodyResponse{1 response:
//	  CommonResponse{1 status, 2 header_mutation: HeaderMutation{
//	      1 set_headers: HeaderValueOption{1 header: HeaderValue{1 key, 3 raw_value}, 3 append_action},
//	      2 remove_headers},
//	    5 clear_route_cache, 3 body_mutation: BodyMutation{1 body}}}}
//
// Each request has two. They are written by hand, since protobuf wants three
// messages for each header; and the body, which comes last, is not copied.
type headerReply struct {
	answers protowire.Number
	headers []byte // the fields of HeaderMutation
	reroute bool   // the route is to be chosen again
	replace bool   // the message gets a body that had none
	body    []byte // of a request; nil for none
}

// What a headerReply answers: field numbers of ProcessingResponse.
const (
	toRequestHeaders  protowire.Number = 1
	toResponseHeaders protowire.Number = 2
	toRequestBody     protowire.Number = 3
)

// usualHeader is the length of most headers with what stands around them, in bytes.
const usualHeader = 80

// newHeaderReply has room for some headers more than those of set.
func newHeaderReply(answers protowire.Number, room int, remove []string, set policies.Headers) *headerReply {
	r := &headerReply{answers: answers, headers: make([]byte, 0, (room+len(set))*usualHeader+32*len(remove))}
	for _, h := range set {
		if h.Name != "content-length" { // counted here or by Envoy, never guessed
			r.set(h.Name, h.Value)
		}
	}
	for _, name := range remove {
		r.remove(name)
	}
	return r
}

// set overwrites a header, or adds it.
func (r *headerReply) set(name, value string) {
	value = fieldValue(value)
	header := sizeOf(len(name))
	if value != "" {
		header += sizeOf(len(value))
	}
	b := appendHead(r.headers, 1, sizeOf(header)+2)
	b = appendHead(b, 1, header)
	b = append(appendHead(b, 1, len(name)), name...)
	if value != "" {
		b = append(appendHead(b, 3, len(value)), value...)
	}
	r.headers = appendNumber(b, 3, uint64(corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD))
}

// remove removes a header.
func (r *headerReply) remove(name string) {
	r.headers = append(appendHead(r.headers, 2, len(name)), name...)
}

// encode writes the message. Its last part is the body itself, which must stay as
// it is from now on.
func (r *headerReply) encode() mem.BufferSlice {
	common, body := sizeOf(len(r.headers)), 0
	if r.replace {
		common += 2
	}
	if r.reroute {
		common += 2
	}
	if r.body != nil {
		body = sizeOf(len(r.body))
		common += sizeOf(body)
	}
	b := make([]byte, 0, len(r.headers)+64) // more than what stands around
	b = appendHead(b, r.answers, sizeOf(common))
	b = appendHead(b, 1, common)
	if r.replace {
		b = appendNumber(b, 1, uint64(extprocv3.CommonResponse_CONTINUE_AND_REPLACE))
	}
	b = append(appendHead(b, 2, len(r.headers)), r.headers...)
	if r.reroute {
		b = appendNumber(b, 5, 1)
	}
	if r.body == nil {
		return mem.BufferSlice{mem.SliceBuffer(b)}
	}
	b = appendHead(b, 3, body)
	b = appendHead(b, 1, len(r.body))
	return mem.BufferSlice{mem.SliceBuffer(b), mem.SliceBuffer(r.body)}
}

// sizeOf is what a field with a small number takes that is length bytes long.
func sizeOf(length int) int { return 1 + protowire.SizeBytes(length) }

// appendNumber appends a field with a number, of two bytes if both are small.
func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}
