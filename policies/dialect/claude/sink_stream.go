package claude

import (
	"strconv"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// streamSink writes server-sent events, in the wording of recorded streams,
// which end lines with LF.
type streamSink struct {
	index int // of the open block, or the next one
}

func (s *streamSink) headers() policies.Headers {
	return policies.Headers{
		{Name: "content-type", Value: "text/event-stream; charset=utf-8"},
		{Name: "cache-control", Value: "no-cache"},
	}
}

const (
	eventEnd = "\n\n"
	pingText = "event: ping\ndata: {\"type\":\"ping\"}" + eventEnd
	stopText = "event: message_stop\ndata: {\"type\":\"message_stop\"}" + eventEnd
)

func (s *streamSink) start(dst []byte, h messageHead, u conversation.Usage) []byte {
	dst = append(dst, `event: message_start`+"\n"+`data: {"type":"message_start","message":{`...)
	dst = appendHead(dst, h)
	dst = append(dst, `],"stop_reason":null,"stop_sequence":null,"usage":`...)
	dst = appendUsage(dst, u, 0)
	dst = append(dst, `}}`+eventEnd...)
	return s.ping(dst)
}

// open writes content_block_start up to the block.
func (s *streamSink) open(dst []byte) []byte {
	dst = append(dst, `event: content_block_start`+"\n"+`data: {"type":"content_block_start","index":`...)
	dst = strconv.AppendInt(dst, int64(s.index), 10)
	return append(dst, `,"content_block":`...)
}

func (s *streamSink) openThinking(dst []byte) []byte {
	return append(s.open(dst), `{"type":"thinking","thinking":"","signature":""}}`+eventEnd...)
}

func (s *streamSink) openText(dst []byte) []byte {
	return append(s.open(dst), `{"type":"text","text":""}}`+eventEnd...)
}

// openCall also writes an empty piece of arguments, as the original service
// does: clients wait for it.
func (s *streamSink) openCall(dst []byte, kind, id, name string) []byte {
	dst = jsonwalk.AppendString(append(s.open(dst), `{"type":`...), kind)
	dst = append(dst, `,"id":`...)
	dst = jsonwalk.AppendString(dst, id)
	dst = append(dst, `,"name":`...)
	dst = jsonwalk.AppendString(dst, name)
	dst = append(dst, `,"input":{}}}`+eventEnd...)
	return s.args(dst, nil)
}

func (s *streamSink) block(dst []byte, block []byte) []byte {
	dst = append(s.open(dst), block...)
	return s.close(append(dst, `}`+eventEnd...))
}

// delta writes content_block_delta up to the value of the delta.
func (s *streamSink) delta(dst []byte, head string) []byte {
	dst = append(dst, `event: content_block_delta`+"\n"+`data: {"type":"content_block_delta","index":`...)
	dst = strconv.AppendInt(dst, int64(s.index), 10)
	dst = append(dst, `,"delta":{"type":`...)
	return append(dst, head...)
}

const deltaEnd = "}}" + eventEnd

func (s *streamSink) thought(dst []byte, t conversation.Text) []byte {
	dst = append(s.delta(dst, `"thinking_delta","thinking":`), t...)
	return append(dst, deltaEnd...)
}

func (s *streamSink) seal(dst []byte, carrier string) []byte {
	dst = jsonwalk.AppendString(s.delta(dst, `"signature_delta","signature":`), carrier)
	return append(dst, deltaEnd...)
}

func (s *streamSink) text(dst []byte, t conversation.Text) []byte {
	dst = append(s.delta(dst, `"text_delta","text":`), t...)
	return append(dst, deltaEnd...)
}

func (s *streamSink) cite(dst []byte, citation []byte) []byte {
	dst = append(s.delta(dst, `"citations_delta","citation":`), citation...)
	return append(dst, deltaEnd...)
}

func (s *streamSink) args(dst []byte, piece conversation.Raw) []byte {
	dst = jsonwalk.AppendString(s.delta(dst, `"input_json_delta","partial_json":`), piece)
	return append(dst, deltaEnd...)
}

func (s *streamSink) close(dst []byte) []byte {
	dst = append(dst, `event: content_block_stop`+"\n"+`data: {"type":"content_block_stop","index":`...)
	dst = strconv.AppendInt(dst, int64(s.index), 10)
	s.index++
	return append(dst, `}`+eventEnd...)
}

func (s *streamSink) finish(dst []byte, st stop, u conversation.Usage, searches int) []byte {
	dst = append(dst, `event: message_delta`+"\n"+`data: {"type":"message_delta","delta":{`...)
	dst = appendStop(dst, st)
	dst = append(dst, `},"usage":`...)
	dst = appendUsage(dst, u, searches)
	dst = append(dst, `}`+eventEnd...)
	return append(dst, stopText...)
}

// fail puts the usage so far into the error event itself. A message_delta would
// need a stop reason and a closed block, and there is neither.
func (s *streamSink) fail(dst []byte, err *conversation.Error, u conversation.Usage) []byte {
	dst = appendFault(append(dst, "event: error\ndata: "...), err)
	if u.Known {
		dst = appendUsage(append(dst[:len(dst)-1], `,"usage":`...), u, 0)
		dst = append(dst, '}')
	}
	return append(dst, eventEnd...)
}

func (s *streamSink) ping(dst []byte) []byte { return append(dst, pingText...) }
