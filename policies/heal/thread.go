package heal

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Thread is one conversation in the signature cache, as one attempt sees it:
// it also counts the calls of the history, so that calls which are alike are
// told apart. nil knows nothing and remembers nothing.
type Thread struct {
	cache *Signatures
	key   digest
	known bool // there was something to be found when the attempt began
	calls map[string]int
	sent  []string // the signatures that go upstream
}

// Thread finds the conversation that a request goes on with. What the client
// says of its session selects among the conversations of its own tenant only.
func (s *Signatures) Thread(tenant string, req *conversation.Request) *Thread {
	if s == nil {
		return nil
	}
	parts := [][]byte{[]byte("thread"), []byte(tenant), []byte(req.Session), []byte(req.Model)}
	for _, p := range req.System {
		parts = append(parts, p.Text)
	}
	for i := range req.Messages {
		m := &req.Messages[i]
		parts = append(parts, []byte{byte(m.Role)}) // none is taken for another's
		for _, p := range m.Parts {
			parts = append(parts, p.Text)
		}
		if m.Role != conversation.System {
			break
		}
	}
	t := &Thread{cache: s, key: digestOf(parts...)}
	t.known = s.knows(t.key)
	return t
}

// begin starts counting anew, with the first call of the history.
func (t *Thread) begin() {
	if t != nil {
		t.calls, t.sent = map[string]int{}, nil
	}
}

// accepted returns signature, or "" if upstream has refused it before.
func (t *Thread) accepted(signature string) string {
	if t == nil || signature == "" {
		return signature
	}
	if t.known && t.cache.get(t.key, refusedKey(signature)) != "" {
		return ""
	}
	t.sent = append(t.sent, signature)
	return signature
}

// call counts a call of the history and, where its signature was lost, looks
// for it.
func (t *Thread) call(origin string, binding []byte, lost bool) string {
	if t == nil || binding == nil {
		return ""
	}
	n := t.calls[string(binding)]
	t.calls[string(binding)]++
	if !lost {
		return ""
	}
	signature := ""
	if t.known {
		signature = t.cache.get(t.key, callKey(origin, binding, n))
	}
	if signature == "" {
		t.cache.count(SignatureMiss)
		return ""
	}
	t.cache.count(SignatureHit)
	return signature
}

// text looks for the signature of a text of the history. Most texts never had
// one, so that finding nothing is not worth counting.
func (t *Thread) text(origin string, text conversation.Text) string {
	if t == nil || !t.known || text.Empty() {
		return ""
	}
	return t.find(origin, textBinding(text))
}

// media looks for the signature of media of the history.
func (t *Thread) media(origin string, data conversation.Text) string {
	if t == nil || !t.known || data.Empty() {
		return ""
	}
	return t.find(origin, mediaBinding(data))
}

func (t *Thread) find(origin string, binding []byte) string {
	signature := t.cache.get(t.key, digestOf([]byte(origin), binding))
	if signature != "" {
		t.cache.count(SignatureHit)
	}
	return signature
}

// signedCall remembers the signature of a call that the answer has completed.
func (t *Thread) signedCall(origin string, binding []byte, signature string) {
	if t == nil || binding == nil {
		return
	}
	n := t.calls[string(binding)]
	t.calls[string(binding)]++
	t.cache.put(t.key, callKey(origin, binding, n), signature)
}

// signed remembers the signature of a text or media that the answer has
// completed.
func (t *Thread) signed(origin string, binding []byte, signature string) {
	if t != nil {
		t.cache.put(t.key, digestOf([]byte(origin), binding), signature)
	}
}

// Sent reports whether a signature of the history goes upstream.
func (t *Thread) Sent() bool { return t != nil && len(t.sent) > 0 }

// Purge forgets the conversation: upstream has refused its signatures, and
// would refuse them again. refused says that it is not just for want of one:
// then those that were sent are never sent again, as it is not told which one
// was at fault.
func (t *Thread) Purge(refused bool) {
	if t == nil {
		return
	}
	t.cache.purge(t.key)
	if !refused {
		return
	}
	for _, signature := range t.sent {
		t.cache.refuse(t.key, refusedKey(signature))
	}
}

func refusedKey(signature string) digest {
	return digestOf([]byte(SignatureRefused), []byte(signature))
}

func callKey(origin string, binding []byte, n int) digest {
	return digestOf([]byte(origin), binding, strconv.AppendInt(nil, int64(n), 10))
}
