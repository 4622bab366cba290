package heal

import (
	"container/list"
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// signatureTTL is how long a signature is kept after it was used last.
	signatureTTL = 2 * time.Hour
	// minSignature is the shortest signature, in bytes, that is remembered:
	// shorter ones are noise.
	minSignature = 50
	// signatureCost is approximately what an entry takes besides its signature, in
	// bytes: two hashes, a list element, a place in two maps.
	signatureCost = 400

	// DefaultSignatures and DefaultSignatureBytes are good limits for
	// NewSignatures. Most signatures have 1 to 4 KB; recorded ones reach
	// 139,340 bytes.
	DefaultSignatures     = 20_000
	DefaultSignatureBytes = 64 << 20
)

// The results that Signatures counts, by entry.
const (
	SignatureHit     = "hit"     // a lost carrier was restored
	SignatureMiss    = "miss"    // a call came back without one, and nothing was known
	SignatureStored  = "stored"  // a signature was remembered
	SignatureEvicted = "evicted" // one was evicted for lack of room
	SignatureExpired = "expired" // one was not used for too long
	SignaturePurged  = "purged"  // one belonged to a conversation that upstream refused
	SignatureRefused = "refused" // one that upstream refused was noted as such

	// Where replicas share what they remember:
	SignatureFromStore = "from_store"     // a lost carrier was restored with what another replica knew
	SignatureRejected  = "store_rejected" // what the store had of a conversation was not authentic
	// Of a conversation as a whole, counted by the caller of the store:
	SignatureToStore = "to_store"      // it was put there
	SignatureFailed  = "store_failed"  // the store did not answer, or did not take it
	SignatureDropped = "store_dropped" // it was not put there, since too many waited for that
)

// SignatureResults are all of them.
var SignatureResults = []string{SignatureHit, SignatureMiss, SignatureStored, SignatureEvicted, SignatureExpired, SignaturePurged, SignatureRefused,
	SignatureFromStore, SignatureRejected, SignatureToStore, SignatureFailed, SignatureDropped}

// Signatures remembers the signatures of answers for clients that lose the
// carriers they were given: those that drop unknown fields and rewrite ids,
// and those whose dialect has no place for the signature of a text. Carriers
// are the main path; without this cache, or on another replica that shares
// nothing with this one (see Sealed), such a call goes upstream with the
// placeholder that Google documents.
//
// An entry is found by
//
//	tenant │ conversation │ backend class, model family │ kind │ what was signed
//
// where what was signed is a call's name and canonical arguments, with how
// many calls just like it came before it in the conversation, or the exact
// text: what a carrier is bound to. The id of a call is not part of it, since
// clients rewrite ids and carriers in ids survive those that do not. So
//
//   - an altered call or text finds nothing, nor does another tenant;
//   - a conversation that was rewound and continued differently finds from the
//     abandoned branch only what was repeated word for word, with its latest
//     signature;
//   - the same command run twice keeps two signatures.
//
// It also remembers which signatures upstream has refused, since the client
// goes on sending their carriers: without that each turn would fail first.
//
// A conversation is known by the session that the client names, its system text
// and its first user message (see Thread): sub-agents of one session are
// conversations of their own. A client that alters the beginning starts without
// entries, which costs no more than having no cache.
//
// It is safe for concurrent use.
type Signatures struct {
	entries, bytes int // limits
	count          func(result string)

	mu      sync.Mutex
	size    int
	threads map[digest]map[digest]*list.Element
	recent  list.List // of *signed, the latest used first
}

type digest [sha256.Size]byte

// signed is one signature that is remembered.
type signed struct {
	thread, key digest
	signature   string
	used        time.Time
}

func (e *signed) cost() int { return signatureCost + len(e.signature) }

// NewSignatures makes a cache that keeps up to so many entries and bytes. It
// calls count with what happens to entries, by result.
func NewSignatures(entries, bytes int, count func(result string)) *Signatures {
	return &Signatures{entries: entries, bytes: bytes, count: count, threads: map[digest]map[digest]*list.Element{}}
}

// knows reports whether there are entries for a conversation: if not, nothing
// has to be hashed.
func (s *Signatures) knows(thread digest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.threads[thread]) > 0
}

// get returns a signature and keeps it for longer; "" if there is none.
func (s *Signatures) get(thread, key digest) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	at := s.threads[thread][key]
	if at == nil {
		return ""
	}
	e := at.Value.(*signed)
	e.used = time.Now()
	s.recent.MoveToFront(at)
	return e.signature
}

// put remembers a signature, replacing an earlier one. It reports whether
// anything changed.
func (s *Signatures) put(thread, key digest, signature string) bool {
	if len(signature) < minSignature || signatureCost+len(signature) > s.bytes {
		return false
	}
	s.store(&signed{thread: thread, key: key, signature: strings.Clone(signature)}, SignatureStored)
	return true
}

// refuse notes that upstream has refused a signature.
func (s *Signatures) refuse(thread, key digest) {
	s.store(&signed{thread: thread, key: key, signature: SignatureRefused}, SignatureRefused)
}

func (s *Signatures) store(e *signed, result string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(e)
	s.count(result)
}

// add remembers an entry; the lock is held.
func (s *Signatures) add(e *signed) {
	s.expire()
	if at := s.threads[e.thread][e.key]; at != nil {
		s.remove(at)
	}
	if s.threads[e.thread] == nil {
		s.threads[e.thread] = map[digest]*list.Element{}
	}
	e.used = time.Now()
	s.threads[e.thread][e.key] = s.recent.PushFront(e)
	s.size += e.cost()
	for s.size > s.bytes || s.recent.Len() > s.entries {
		s.remove(s.recent.Back())
		s.count(SignatureEvicted)
	}
}

// purge forgets a conversation.
func (s *Signatures) purge(thread digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, at := range s.threads[thread] {
		s.remove(at)
		if key != askedKey {
			s.count(SignaturePurged)
		}
	}
}

// expire drops what was not used for too long. Use moves entries to the front,
// so those stand at the back.
func (s *Signatures) expire() {
	for at := s.recent.Back(); at != nil && time.Since(at.Value.(*signed).used) > signatureTTL; at = s.recent.Back() {
		s.remove(at)
		s.count(SignatureExpired)
	}
}

func (s *Signatures) remove(at *list.Element) {
	e := s.recent.Remove(at).(*signed)
	s.size -= e.cost()
	thread := s.threads[e.thread]
	delete(thread, e.key)
	if len(thread) == 0 {
		delete(s.threads, e.thread)
	}
}

// digestOf hashes parts, each preceded by its length: no two lists of parts
// are hashed as the same bytes.
func digestOf(parts ...[]byte) (d digest) {
	h := sha256.New()
	var length [24]byte
	for _, p := range parts {
		h.Write(append(strconv.AppendInt(length[:0], int64(len(p)), 10), ':'))
		h.Write(p)
	}
	h.Sum(d[:0])
	return d
}
