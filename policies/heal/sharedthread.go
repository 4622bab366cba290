package heal

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// What is remembered of a conversation goes to the other replicas as one value in
// a store that they share:
//
//	tag of the rest │ key of an entry │ length │ signature │ the next entry …
//
// The latest entries come first, as many as there is room for: upstream insists
// on the signatures of the turn under way only. The tag is made with the memory
// key, for the tenant and the conversation: who can write to the store can neither
// invent signatures nor hand those of one tenant to another.

// MostShared bounds the value of a conversation, in bytes. Most signatures have
// 1 to 4 KB; one that has no room by itself stays with the replica that saw it.
const MostShared = 32 << 10

// SharedFor is how long a value is kept after it was last put.
const SharedFor = signatureTTL

// sharedPurpose separates these tags from those of carriers and memories.
const sharedPurpose = "signatures"

// askedKey is the key of an entry that is not a signature: the call that was
// missed when the store was last asked, so that it is not asked again.
var askedKey = digestOf([]byte("asked"))

// Sealed is what is remembered of a conversation, for other replicas: up to
// MostShared bytes. What upstream has refused is part of it. If nothing is
// remembered, the value says so, and replaces what was sealed before.
func (s *Signatures) Sealed(k Key, id ConversationID) []byte {
	out := make([]byte, len(tag{}))
	for _, e := range s.latest(id.key) {
		if len(out)+len(e.key)+binary.MaxVarintLen64+len(e.signature) > MostShared {
			continue
		}
		out = append(out, e.key[:]...)
		out = binary.AppendUvarint(out, uint64(len(e.signature)))
		out = append(out, e.signature...)
	}
	t := k.mac(sharedPurpose, id.Tenant, id.String(), string(out[len(tag{}):]))
	copy(out, t[:])
	return out
}

// latest are the entries of a conversation, the latest used first.
func (s *Signatures) latest(thread digest) []signed {
	s.mu.Lock()
	s.expire()
	entries := make([]signed, 0, len(s.threads[thread]))
	for key, at := range s.threads[thread] {
		if key != askedKey {
			entries = append(entries, *at.Value.(*signed))
		}
	}
	s.mu.Unlock()
	slices.SortFunc(entries, func(a, b signed) int { return cmp.Or(b.used.Compare(a.used), cmp.Compare(a.signature, b.signature)) })
	return entries
}

// learn adds what another replica has sealed to what is known of a conversation,
// and returns how many entries are new. What is known here stays. A value that is
// not authentic is ignored.
func (s *Signatures) learn(k Key, id ConversationID, sealed []byte) (added int) {
	if len(sealed) == 0 {
		return 0
	}
	entries, ok := opened(k, id, sealed)
	if !ok {
		s.count(SignatureRejected)
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	for _, e := range slices.Backward(entries) { // the latest last
		if s.threads[id.key][e.key] == nil {
			s.add(&e)
			added++
		}
	}
	return added
}

// opened are the entries of a value; ok is false if it is not authentic.
func opened(k Key, id ConversationID, sealed []byte) (entries []signed, ok bool) {
	n := len(tag{})
	if len(sealed) < n || len(sealed) > MostShared || !k.verifies(sealed[:n], sharedPurpose, id.Tenant, id.String(), string(sealed[n:])) {
		return nil, false
	}
	for rest := sealed[n:]; len(rest) > 0; {
		e := signed{thread: id.key}
		rest = rest[copy(e.key[:], rest):]
		length, width := binary.Uvarint(rest)
		if width <= 0 || length > uint64(len(rest)-width) {
			return nil, false // written by another release
		}
		rest = rest[width:]
		e.signature = string(rest[:length])
		rest = rest[length:]
		entries = append(entries, e)
	}
	return entries, true
}

// VerifyShared is Verify where replicas share what they remember. fetch asks the
// store for the conversation's value; ok is false if it did not answer. It is
// asked only where a call of the history has lost its signature and this replica
// does not know it, and not for the same call again.
func (c Carriers) VerifyShared(req *conversation.Request, fetch func(ConversationID) (sealed []byte, ok bool)) (good, seen int) {
	t := c.Thread
	good, seen = c.verify(req)
	hits := 0
	if t != nil {
		hits = t.hits
	}
	if t.wants() {
		sealed, ok := fetch(t.id)
		if t.cache.learn(c.Key, t.id, sealed) > 0 {
			good, seen = c.verify(req)
		}
		if ok && t.misses > 0 {
			t.asked()
		}
	}
	if t != nil {
		t.count(max(t.hits-hits, 0))
	}
	return good, seen
}

// wants reports whether a call was missed for which the store was not asked.
func (t *Thread) wants() bool {
	return t != nil && t.misses > 0 && t.cache.get(t.id.key, askedKey) != string(t.missed[:])
}

// asked notes that the store does not know the call that was missed last, nor
// those before it.
func (t *Thread) asked() {
	t.cache.mu.Lock()
	defer t.cache.mu.Unlock()
	t.cache.add(&signed{thread: t.id.key, key: askedKey, signature: string(t.missed[:])})
}
