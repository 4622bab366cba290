package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// logprobs are the log probabilities of the open message, comma-separated.
// Some come without text; they go with the text that follows, or the end.
type logprobs struct {
	list    []byte
	told    int // bytes of list that deltas had
	scratch []byte
}

var noLogprobs = []byte(`,"logprobs":[]`)

func (l *logprobs) add(raw conversation.Raw) {
	if raw != nil {
		l.list = openai.AppendLogprobs(l.list, raw)
	}
}

// piece is the member of a delta: what was not told yet.
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

// take returns all of the message and begins anew. It is valid until the next
// add.
func (l *logprobs) take() []byte {
	all := l.list
	l.list, l.told = l.list[:0], 0
	return all
}
