package fakegemini

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// signer issues and checks thought signatures without keeping any.
//
//	magic 4 | kind 1 | scope 8 | subject 32 | mac 32 | filler
//
// scope is a hash of surface, project and model family: a signature made
// elsewhere is genuine but not valid here. subject is a hash of what is signed,
// for a call its name and canonical arguments. The mac covers everything before
// it; the filler is derived from the mac, so no byte can change unseen.
type signer struct {
	key []byte
}

// signatureKind says what a signature stands on.
type signatureKind byte

const (
	signedCall signatureKind = 'c'
	signedText signatureKind = 't'

	signedImage signatureKind = 'i'
)

var signatureMagic = []byte{0x0a, 0xfa, 0x6e, 0x01}

const (
	signatureHead = 4 + 1 + 8 + 32
	// shortest is the least size in bytes; recorded signatures run from a
	// hundred bytes to a hundred thousand.
	shortest = 312
)

// placeholders are the texts that Google documents for histories without
// signatures. The field is bytes, so clients send them as they are (both happen
// to be base64url) or encoded once more.
var placeholders = [][]byte{[]byte("skip_thought_signature_validator"), []byte("context_engineering_is_the_way_to_go")}

// standing is what a signature turned out to be.
type standing uint8

const (
	genuine     standing = iota
	placeholder          // one of Google's documented stand-ins
	misplaced            // issued here, but for something else
	corrupted            // not issued here, or altered
)

// scope is where signatures are valid.
func (t target) scope(c capability) string {
	surface := "studio"
	if t.vertex {
		surface = "vertex/" + t.project
	}
	return surface + "/" + c.base
}

// callSubject is what a call's signature covers. Arguments are canonical
// (RFC 8785), as clients re-serialize them freely.
func callSubject(name string, args []byte) []byte {
	canonical := jsontext.Value(bytes.Clone(args))
	if len(canonical) == 0 {
		canonical = jsontext.Value("{}")
	}
	if err := canonical.Canonicalize(); err != nil {
		canonical = jsontext.Value(args)
	}
	return append([]byte(name+"\x00"), canonical...)
}

// sign makes the signature for a subject.
func (s *signer) sign(kind signatureKind, scope string, subject []byte) string {
	where, what := sha256.Sum256([]byte(scope)), sha256.Sum256(subject)
	b := slices.Concat(signatureMagic, []byte{byte(kind)}, where[:8], what[:])
	return base64.StdEncoding.EncodeToString(s.seal(b))
}

// seal appends mac and filler.
func (s *signer) seal(head []byte) []byte {
	mac := s.mac(head)
	size := shortest + int(binary.BigEndian.Uint16(mac))%400
	b := slices.Concat(head, mac)
	for i := byte(0); len(b) < size; i++ {
		b = append(b, s.mac(append([]byte{i}, mac...))...)
	}
	return b[:size]
}

func (s *signer) mac(b []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write(b)
	return h.Sum(nil)
}

// check reports whether a signature is valid for a part of that kind and
// subject. A nil subject asks only for a signature of this scope.
func (s *signer) check(signature string, kind signatureKind, scope string, subject []byte) standing {
	if isPlaceholder(signature) {
		return placeholder
	}
	b, err := decodeBytes(signature)
	if err != nil || len(b) < signatureHead || !bytes.Equal(b, s.seal(slices.Clone(b[:signatureHead]))) || !bytes.HasPrefix(b, signatureMagic) {
		return corrupted
	}
	where, what := sha256.Sum256([]byte(scope)), sha256.Sum256(subject)
	rest := b[len(signatureMagic):signatureHead]
	switch {
	case signatureKind(rest[0]) != kind, !bytes.Equal(rest[1:9], where[:8]):
		return misplaced
	case subject != nil && !bytes.Equal(rest[9:], what[:]):
		return misplaced
	}
	return genuine
}

func isPlaceholder(signature string) bool {
	decoded, err := decodeBytes(signature)
	for _, p := range placeholders {
		if signature == string(p) || err == nil && bytes.Equal(decoded, p) {
			return true
		}
	}
	return false
}
