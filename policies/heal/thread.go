package heal

import (
	"encoding/hex"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Thread is one conversation in the signature cache, as one attempt sees it:
// it also counts the calls of the history, so that calls which are alike are
// told apart. nil knows nothing and remembers nothing.
type Thread struct {
	cache *Signatures
	id    ConversationID
	share func(ConversationID) // called after changes; nil for none
	known bool                 // there were entries when the counting began
	calls map[string]int
	sent  []string // the signatures that go upstream

	hits, misses int    // of lost carriers, since the counting began
	missed       digest // the last call of which nothing was known
}

// ConversationID names a conversation: Tenant, and within it String.
type ConversationID struct {
	Tenant string
	key    digest
}

// String is the same for the same conversation at every replica.
func (id ConversationID) String() string { return hex.EncodeToString(id.key[:]) }

// Thread finds the conversation that a request continues. What the client says
// of its session selects among the conversations of its own tenant only.
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
	return &Thread{cache: s, id: ConversationID{tenant, digestOf(parts...)}}
}

// Share sets the function that is called after each change of what is
// remembered. It must not block.
func (t *Thread) Share(f func(ConversationID)) {
	if t != nil {
		t.share = f
	}
}

func (t *Thread) changed() {
	if t.share != nil {
		t.share(t.id)
	}
}

// begin starts counting anew, with the first call of the history.
func (t *Thread) begin() {
	if t != nil {
		t.calls, t.sent, t.hits, t.misses = map[string]int{}, nil, 0, 0
		t.known = t.cache.knows(t.id.key)
	}
}

// count reports what happened to lost carriers; fromStore of them were restored
// with what another replica knew.
func (t *Thread) count(fromStore int) {
	if t == nil {
		return
	}
	for range t.hits - fromStore {
		t.cache.count(SignatureHit)
	}
	for range fromStore {
		t.cache.count(SignatureFromStore)
	}
	for range t.misses {
		t.cache.count(SignatureMiss)
	}
}

// accepted returns signature, or "" if upstream has refused it before.
func (t *Thread) accepted(signature string) string {
	if t == nil || signature == "" {
		return signature
	}
	if t.known && t.cache.get(t.id.key, refusedKey(signature)) != "" {
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
	key, signature := callKey(origin, binding, n), ""
	if t.known {
		signature = t.cache.get(t.id.key, key)
	}
	if signature == "" {
		t.misses++
		t.missed = key
		return ""
	}
	t.hits++
	return signature
}

// text looks for the signature of a text of the history. Most texts never had
// one, so misses are not counted.
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
	signature := t.cache.get(t.id.key, digestOf([]byte(origin), binding))
	if signature != "" {
		t.hits++
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
	t.put(callKey(origin, binding, n), signature)
}

// signed remembers the signature of a text or media that the answer has
// completed.
func (t *Thread) signed(origin string, binding []byte, signature string) {
	if t != nil {
		t.put(digestOf([]byte(origin), binding), signature)
	}
}

func (t *Thread) put(key digest, signature string) {
	if t.cache.put(t.id.key, key, signature) {
		t.changed()
	}
}

// Sent reports whether a signature of the history goes upstream.
func (t *Thread) Sent() bool { return t != nil && len(t.sent) > 0 }

// Purge forgets the conversation: upstream has refused its signatures, and
// would refuse them again. refused says that a signature was refused, not
// missing: then none of those that were sent is sent again, since the error
// does not say which one was at fault.
func (t *Thread) Purge(refused bool) {
	if t == nil {
		return
	}
	defer t.changed()
	t.cache.purge(t.id.key)
	if !refused {
		return
	}
	for _, signature := range t.sent {
		t.cache.refuse(t.id.key, refusedKey(signature))
	}
}

func refusedKey(signature string) digest {
	return digestOf([]byte(SignatureRefused), []byte(signature))
}

func callKey(origin string, binding []byte, n int) digest {
	return digestOf([]byte(origin), binding, strconv.AppendInt(nil, int64(n), 10))
}
