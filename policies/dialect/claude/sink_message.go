package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// messageSink folds a reply into one Message document. It holds the content
// until the end, since the document must not be sent before it is whole.
type messageSink struct {
	head    messageHead
	content []byte // the blocks, comma-separated
	argsAt  int    // where the open call's arguments start in content; 0 if none is open
	tail    string // what closes the open block
}

func (s *messageSink) headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: "application/json"}}
}

func (s *messageSink) start(dst []byte, h messageHead, _ conversation.Usage) []byte {
	s.head = h
	return dst
}

// open starts a block with head; tail will close it.
func (s *messageSink) open(head, tail string) {
	s.content = append(jsonwalk.Separate(s.content), head...)
	s.tail = tail
}

func (s *messageSink) openThinking(dst []byte) []byte {
	s.open(`{"type":"thinking","thinking":"`, `}`)
	return dst
}

func (s *messageSink) openText(dst []byte) []byte {
	s.open(`{"type":"text","text":"`, `"}`)
	return dst
}

func (s *messageSink) openCall(dst []byte, kind, id, name string) []byte {
	s.open(`{"type":`, `}`)
	s.content = append(jsonwalk.AppendString(s.content, kind), `,"id":`...)
	s.content = jsonwalk.AppendString(s.content, id)
	s.content = append(s.content, `,"name":`...)
	s.content = jsonwalk.AppendString(s.content, name)
	s.content = append(s.content, `,"input":`...)
	s.argsAt = len(s.content)
	return dst
}

func (s *messageSink) block(dst []byte, block []byte) []byte {
	s.content = append(jsonwalk.Separate(s.content), block...)
	return dst
}

func (s *messageSink) thought(dst []byte, t conversation.Text) []byte {
	s.content = append(s.content, t.Inner()...)
	return dst
}

func (s *messageSink) seal(dst []byte, carrier string) []byte {
	s.content = append(s.content, `","signature":`...)
	s.content = jsonwalk.AppendString(s.content, carrier)
	return dst
}

func (s *messageSink) text(dst []byte, t conversation.Text) []byte {
	s.content = append(s.content, t.Inner()...)
	return dst
}

// cite adds a citation after the text, which is complete.
func (s *messageSink) cite(dst []byte, citation []byte) []byte {
	const after = "]}"
	if s.tail == after {
		s.content = append(s.content, ',')
	} else {
		s.content = append(s.content, `","citations":[`...)
		s.tail = after
	}
	s.content = append(s.content, citation...)
	return dst
}

func (s *messageSink) args(dst []byte, piece conversation.Raw) []byte {
	s.content = append(s.content, piece...)
	return dst
}

// close ends the open block. Arguments that are not JSON would spoil the whole
// document; in a stream the client finds that they are broken; here they are
// wrapped in an object.
func (s *messageSink) close(dst []byte) []byte {
	if s.argsAt > 0 {
		args := jsontext.Value(s.content[s.argsAt:])
		if !args.IsValid(jsontext.AllowDuplicateNames(true)) {
			broken := string(args)
			s.content = append(s.content[:s.argsAt], `{"__unparsedToolInput":`...)
			s.content = append(jsonwalk.AppendString(s.content, broken), '}')
		}
		s.argsAt = 0
	}
	s.content = append(s.content, s.tail...)
	return dst
}

func (s *messageSink) finish(dst []byte, st stop, u conversation.Usage, searches int) []byte {
	dst = appendHead(append(dst, '{'), s.head)
	dst = append(dst, s.content...)
	dst = append(dst, `],`...)
	dst = appendStop(dst, st)
	dst = append(dst, `,"usage":`...)
	dst = appendUsage(dst, u, searches)
	return append(dst, '}')
}

func (s *messageSink) fail(dst []byte, err *conversation.Error, _ conversation.Usage) []byte {
	return appendFault(dst, err)
}

// ping: one document has no keep-alives.
func (s *messageSink) ping(dst []byte) []byte { return dst }
