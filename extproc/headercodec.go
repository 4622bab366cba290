package extproc

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/proto"
)

// Headers are read by hand, since a request has some thirty of them with those of
// its response, and protobuf allocates three times for each. Here all their texts
// are parts of one string, and all their messages lie in one array: whoever keeps
// one of them beyond the stream clones it.

// Field numbers of HttpHeaders, HeaderMap and HeaderValue.
const (
	fieldHeaderMap        = 1
	fieldHeadersEnd       = 3
	fieldHeader           = 1
	fieldHeaderKey        = 1
	fieldHeaderValue      = 2
	fieldHeaderValueBytes = 3
)

// readHeaders reads a message that begins with headers; nil if there is anything
// unusual about it, which is left to protobuf. A value is always in Value, also
// where it came as raw bytes.
func readHeaders(wire []byte, around *surroundings) *extprocv3.ProcessingRequest {
	if len(wire) == 0 || wire[0] != tagOf(fieldRequestHeaders) && wire[0] != tagOf(fieldResponseHeaders) {
		return nil
	}
	text := string(wire)
	number, fields, rest, ok := cutField(text)
	if !ok {
		return nil
	}
	m := around.read(number, rest)
	if m == nil {
		return nil
	}
	h := &extprocv3.HttpHeaders{}
	if !readHTTPHeaders(fields, h) {
		return nil
	}
	if number == fieldRequestHeaders {
		m.Request = &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: h}
	} else {
		m.Request = &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: h}
	}
	return m
}

// surroundings caches what stands beside the headers: Envoy's configuration and
// attributes. It is nearly always the same, and made of many small messages, so
// it is decoded again only when it differs.
type surroundings struct {
	latest [2]atomic.Pointer[surrounding] // of requests, and of responses
}

type surrounding struct {
	wire    string
	message *extprocv3.ProcessingRequest // only read
}

// longestSurrounding bounds in bytes what is kept.
const longestSurrounding = 1024

// read returns a message of its own with what wire says; nil if that is not what
// stands beside headers.
func (s *surroundings) read(number int, wire string) *extprocv3.ProcessingRequest {
	if s == nil {
		s = &surroundings{}
	}
	latest := &s.latest[number-fieldRequestHeaders]
	known := latest.Load()
	if known == nil || known.wire != wire {
		known = &surrounding{wire: wire, message: &extprocv3.ProcessingRequest{}}
		if err := proto.Unmarshal([]byte(wire), known.message); err != nil || known.message.GetRequest() != nil {
			return nil
		}
		if len(wire) <= longestSurrounding {
			known.wire = strings.Clone(wire) // which is a part of all headers
			latest.Store(known)
		}
	}
	m := known.message
	if len(m.ProtoReflect().GetUnknown()) > 0 {
		return proto.CloneOf(m)
	}
	return &extprocv3.ProcessingRequest{
		MetadataContext: m.GetMetadataContext(), Attributes: m.GetAttributes(),
		ObservabilityMode: m.GetObservabilityMode(), ProtocolConfig: m.GetProtocolConfig(),
		FlowControlInit: m.GetFlowControlInit(), ClientWindowUpdate: m.GetClientWindowUpdate(),
	}
}

func readHTTPHeaders(text string, h *extprocv3.HttpHeaders) bool {
	for text != "" {
		if len(text) >= 2 && text[0] == fieldHeadersEnd<<3 && text[1] <= 1 {
			h.EndOfStream, text = text[1] == 1, text[2:]
			continue
		}
		number, value, rest, ok := cutField(text)
		if !ok || number != fieldHeaderMap || h.GetHeaders() != nil {
			return false
		}
		if h.Headers = readHeaderMap(value); h.Headers == nil {
			return false
		}
		text = rest
	}
	return true
}

func readHeaderMap(text string) *corev3.HeaderMap {
	n := 0
	for rest := text; rest != ""; n++ {
		number, _, after, ok := cutField(rest)
		if !ok || number != fieldHeader {
			return nil
		}
		rest = after
	}
	m := &corev3.HeaderMap{}
	if n == 0 {
		return m
	}
	m.Headers = make([]*corev3.HeaderValue, n)
	values := make([]corev3.HeaderValue, n)
	for i := range values {
		_, fields, rest, _ := cutField(text)
		if !readHeader(fields, &values[i]) {
			return nil
		}
		m.Headers[i], text = &values[i], rest
	}
	return m
}

func readHeader(text string, h *corev3.HeaderValue) bool {
	var raw string
	for text != "" {
		number, value, rest, ok := cutField(text)
		switch {
		case !ok:
			return false
		case number == fieldHeaderValueBytes:
			raw = value
		case !utf8.ValidString(value): // is no string for protobuf
			return false
		case number == fieldHeaderKey:
			h.Key = value
		case number == fieldHeaderValue:
			h.Value = value
		default:
			return false
		}
		text = rest
	}
	if raw != "" {
		h.Value = raw
	}
	return true
}

// cutField cuts the first field off a message, if its number is below 16, and its
// value has a length of at most four bytes. Any other one it does not know.
func cutField(message string) (number int, value, rest string, ok bool) {
	if message == "" || message[0]&0x87 != tagOf(0) {
		return 0, "", "", false
	}
	length := 0
	for i := 1; i < min(len(message), 5); i++ {
		length |= int(message[i]&0x7f) << (7 * (i - 1))
		if message[i] < 0x80 {
			if rest = message[i+1:]; length > len(rest) {
				break
			}
			return int(message[0] >> 3), rest[:length], rest[length:], true
		}
	}
	return 0, "", "", false
}
