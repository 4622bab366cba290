package heal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"sync"
)

// Key authenticates data that heald gives to clients and proxies and gets back:
// the memory between attempts and the carriers of signatures. All replicas
// share it.
//
// A key seals. It also opens what older keys have sealed, so that a key can be
// changed without invalidating running conversations.
type Key struct {
	secret [sha256.Size]byte
	id     string
	older  []Key
	macs   *sync.Pool // of *macState; nil in the zero Key
}

// macState is the state for making a tag; setting it up costs more than most
// tags.
type macState struct {
	hash  hash.Hash
	input []byte
}

// mostKept bounds the input buffer that a macState keeps: signatures can be
// long.
const mostKept = 16 << 10

// NewKey derives a key from a secret, which must not be guessable: clients have
// carriers, and could test guesses against them offline.
func NewKey(secret []byte) Key {
	k := Key{secret: sha256.Sum256(append([]byte("heald memory key\x00"), secret...))}
	id := sha256.Sum256(append([]byte("heald key id\x00"), k.secret[:]...))
	k.id = hex.EncodeToString(id[:4])
	k.macs = new(sync.Pool)
	return k
}

// AlsoOpens returns the key with older ones, which only open.
func (k Key) AlsoOpens(older ...Key) Key {
	k.older = older
	return k
}

// ID names the key without revealing it: replicas that log the same id share it.
func (k Key) ID() string { return k.id }

// String is the id, whichever way a key is printed.
func (k Key) String() string { return k.id }

// GoString is the id.
func (k Key) GoString() string { return k.id }

// IDs names the key and the older ones.
func (k Key) IDs() []string {
	out := []string{k.id}
	for _, o := range k.older {
		out = append(out, o.id)
	}
	return out
}

// named finds the key with an id; nil if there is none.
func (k *Key) named(id string) *Key {
	if k.id == id {
		return k
	}
	for i := range k.older {
		if k.older[i].id == id {
			return &k.older[i]
		}
	}
	return nil
}

// tag authenticates what it was computed over.
type tag [16]byte

// verifies reports whether the key or an older one made a tag. The tag does not
// say which; there are few.
func (k *Key) verifies(shown []byte, purpose string, parts ...string) bool {
	t := k.mac(purpose, parts...)
	if hmac.Equal(shown, t[:]) {
		return true
	}
	for i := range k.older {
		if t = k.older[i].mac(purpose, parts...); hmac.Equal(shown, t[:]) {
			return true
		}
	}
	return false
}

// mac authenticates the parts under a purpose, so that a tag made for one
// thing is never valid for another. Each part is preceded by its length.
func (k *Key) mac(purpose string, parts ...string) (t tag) {
	m := k.macState()
	if k.macs != nil {
		defer k.macs.Put(m)
	}
	in := appendPart(m.input[:0], purpose)
	for _, p := range parts {
		in = appendPart(in, p)
	}
	m.hash.Reset()
	m.hash.Write(in)
	if cap(in) <= mostKept {
		m.input = in
	}
	copy(t[:], m.hash.Sum(in[:0]))
	return t
}

func (k *Key) macState() *macState {
	if k.macs != nil {
		if m, ok := k.macs.Get().(*macState); ok {
			return m
		}
	}
	return &macState{hash: hmac.New(sha256.New, k.secret[:])}
}

func appendPart(dst []byte, part string) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(part)), 10), ':')
	return append(dst, part...)
}
