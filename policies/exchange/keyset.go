package exchange

import (
	"crypto/sha256"
	"crypto/subtle"
)

// keySet is a set of secrets that requests may show. It keeps only their hashes:
// all compared values have one length, and a memory dump does not show the
// secrets here.
type keySet [][sha256.Size]byte

// newKeySet makes a set; empty secrets are left out.
func newKeySet(secrets ...string) keySet {
	var set keySet
	for _, s := range secrets {
		if s != "" {
			set = append(set, sha256.Sum256([]byte(s)))
		}
	}
	return set
}

// has reports whether a secret is in the set. Its time depends only on the size
// of the set and the length of shown.
func (set keySet) has(shown string) bool {
	sum := sha256.Sum256([]byte(shown))
	found := 0
	for i := range set {
		found |= subtle.ConstantTimeCompare(sum[:], set[i][:])
	}
	return found == 1
}
