package heal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Key authenticates what heald hands to others and gets back: the memory
// between attempts and the carriers of signatures. All replicas share it.
//
// A key seals. What older keys have sealed it opens too, so that a key can be
// changed without voiding the conversations that run.
type Key struct {
	secret [sha256.Size]byte
	id     string
	older  []Key
}

// NewKey derives a key from a secret, which must not be guessable: clients have
// carriers, and could try secrets on them for as long as they like.
func NewKey(secret []byte) Key {
	k := Key{secret: sha256.Sum256(append([]byte("heald memory key\x00"), secret...))}
	id := sha256.Sum256(append([]byte("heald key id\x00"), k.secret[:]...))
	k.id = hex.EncodeToString(id[:4])
	return k
}

// AlsoOpens returns the key with older ones, which only open.
func (k Key) AlsoOpens(older ...Key) Key {
	k.older = older
	return k
}

// ID names the key without telling it: replicas that log the same id share it.
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

// verifies reports whether the key or an older one made a tag. The tag does not
// say which; there are few.
func (k *Key) verifies(tag []byte, purpose string, parts ...[]byte) bool {
	if hmac.Equal(tag, k.mac(purpose, parts...)) {
		return true
	}
	for i := range k.older {
		if hmac.Equal(tag, k.older[i].mac(purpose, parts...)) {
			return true
		}
	}
	return false
}

// mac authenticates the parts under a purpose, so that a tag made for one
// thing is never valid for another. Each part is preceded by its length.
func (k *Key) mac(purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, k.secret[:])
	var length [20]byte
	for _, p := range append([][]byte{[]byte(purpose)}, parts...) {
		h.Write(append(strconv.AppendInt(length[:0], int64(len(p)), 10), ':'))
		h.Write(p)
	}
	return h.Sum(nil)[:16]
}
