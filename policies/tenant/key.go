package tenant

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/account"
)

// A key made by heald is keyPrefix, 256 random bits and a CRC-32 of all that
// stands before it, the numbers in base 62: letters and digits alone, so that a
// double click takes it whole and no shell, URL or header has to escape it.
// Package redact knows it by its prefix.
const (
	keyPrefix   = "heald_"
	secretChars = 43 // 62^43 > 2^256
	sumChars    = 6  // 62^6 > 2^32
	keyLength   = len(keyPrefix) + secretChars + sumChars
)

// LeastChosen is how long a key must be that an operator has chosen for a
// tenant, in characters. Clients may try keys for years.
const LeastChosen = 24

// Hash is the SHA-256 of a key.
type Hash [sha256.Size]byte

// HashOf returns a key's hash.
func HashOf(key string) Hash { return sha256.Sum256([]byte(key)) }

// String is the hash in hex, as configuration has it.
func (h Hash) String() string { return fmt.Sprintf("%x", h[:]) }

// Key is what is known of one key of a tenant: not the key.
type Key struct {
	// ID names the key in logs, records and `heald tenant list`. It reveals
	// nothing of the key.
	ID   string
	Hash Hash
	// Expires is when the key stops working; zero for never.
	Expires time.Time
	// Place is where the key is configured, for errors; "" numbers it.
	Place string
}

// lasts compares expiries: positive if the key expires later than another,
// negative if earlier.
func (k *Key) lasts(other *Key) int {
	if k.Expires.IsZero() != other.Expires.IsZero() {
		if k.Expires.IsZero() {
			return 1
		}
		return -1
	}
	return k.Expires.Compare(other.Expires)
}

// Make makes a key. It is shown once; only its hash is kept.
func Make() account.Secret {
	var b [256 / 8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	text := keyPrefix + base62(new(big.Int).SetBytes(b[:]), secretChars)
	return account.NewSecret(text + checksum(text))
}

// Form says whether a text has the form of a key made by heald.
type Form uint8

const (
	Foreign Form = iota // not made by heald: chosen by an operator, or no key at all
	Made                // complete, and its checksum is right
	Damaged             // begins like one, but was mistyped or cut off
)

// FormOf recognizes keys that heald has made by their form alone.
func FormOf(key string) Form {
	if !strings.HasPrefix(key, keyPrefix) {
		return Foreign
	}
	if len(key) != keyLength || checksum(key[:keyLength-sumChars]) != key[keyLength-sumChars:] {
		return Damaged
	}
	return Made
}

// CheckChosen says what is wrong with a key that an operator has chosen; "" if
// nothing is. It never repeats the key.
func CheckChosen(key string) string {
	switch {
	case FormOf(key) == Damaged:
		return "begins like a key of heald's making, but its checksum is wrong: it was mistyped or cut off"
	case len(key) < LeastChosen:
		return fmt.Sprintf("the key has %d characters, fewer than %d", len(key), LeastChosen)
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "there is a blank, a control character or a letter outside ASCII in the key, which no client can send"
	}
	return ""
}

func checksum(text string) string {
	return base62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(text)))), sumChars)
}

// base62 writes a number with so many digits, leading zeros included.
func base62(n *big.Int, digits int) string {
	text := n.Text(62)
	return strings.Repeat("0", digits-len(text)) + text
}
