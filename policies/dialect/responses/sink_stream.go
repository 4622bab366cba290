package responses

import (
	"strconv"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// streamSink writes server-sent events, in the wording of recorded streams,
// which end lines with LF and have no [DONE].
type streamSink struct {
	sequence int // of the next event: every event has a number, without gaps
}

func (s *streamSink) headers() policies.Headers {
	return policies.Headers{
		{Name: "content-type", Value: "text/event-stream; charset=utf-8"},
		{Name: "cache-control", Value: "no-cache"},
	}
}

const eventEnd = "}\n\n"

// event writes an event up to its own members.
func (s *streamSink) event(dst []byte, kind string) []byte {
	dst = append(append(append(dst, "event: "...), kind...), "\ndata: {\"type\":\""...)
	dst = append(append(dst, kind...), `","sequence_number":`...)
	dst = strconv.AppendInt(dst, int64(s.sequence), 10)
	s.sequence++
	return dst
}

func (s *streamSink) begin(dst []byte, kind string, response []byte) []byte {
	dst = append(append(s.event(dst, kind), `,"response":`...), response...)
	return append(dst, eventEnd...)
}

func (s *streamSink) end(dst []byte, kind string, response []byte) []byte {
	return s.begin(dst, kind, response)
}

func (s *streamSink) item(dst []byte, kind string, index int, item []byte) []byte {
	dst = strconv.AppendInt(append(s.event(dst, kind), `,"output_index":`...), int64(index), 10)
	dst = append(append(dst, `,"item":`...), item...)
	return append(dst, eventEnd...)
}

func (s *streamSink) place(dst []byte, kind string, at partRef) []byte {
	dst = jsonwalk.AppendString(append(s.event(dst, kind), `,"item_id":`...), at.item)
	dst = strconv.AppendInt(append(dst, `,"output_index":`...), int64(at.index), 10)
	return append(dst, at.within...)
}

func (s *streamSink) part(dst []byte, kind string, at partRef, extra ...[]byte) []byte {
	dst = s.place(dst, kind, at)
	for _, e := range extra {
		dst = append(dst, e...)
	}
	return append(dst, eventEnd...)
}

func (s *streamSink) delta(dst []byte, kind string, at partRef, piece, more []byte) []byte {
	dst = append(append(s.place(dst, kind, at), `,"delta":`...), piece...)
	return append(append(dst, more...), eventEnd...)
}

// ping is the event that the original service sends in long silences. A comment
// is not enough: Codex counts events, and gives up on a stream without any.
func (s *streamSink) ping(dst []byte) []byte {
	return append(s.event(dst, "keepalive"), eventEnd...)
}
