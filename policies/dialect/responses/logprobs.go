package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// logprobs are the log probabilities of the open message, comma-separated.
// Those that come without text are sent with the text that follows, or with the
// end.
type logprobs struct {
	list    []byte
	told    int // how much of list was sent in deltas, in bytes
	scratch []byte
}

var noLogprobs = []byte(`,"logprobs":[]`)

func (l *logprobs) add(raw conversation.Raw) {
	if raw != nil {
		l.list = openai.AppendLogprobs(l.list, raw)
	}
}

// piece is the member of a delta: what was not sent yet.
func (l *logprobs) piece() []byte {
	fresh := l.list[l.told:]
	if len(fresh) == 0 {
		return noLogprobs
	}
	if fresh[0] == ',' {
		fresh = fresh[1:]
	}
	l.scratch = append(append(append(l.scratch[:0], `,"logprobs":[`...), fresh...), ']')
	l.told = len(l.list)
	return l.scratch
}

// take returns those of the whole message and resets l. It is valid until the
// next add.
func (l *logprobs) take() []byte {
	all := l.list
	l.list, l.told = l.list[:0], 0
	return all
}
