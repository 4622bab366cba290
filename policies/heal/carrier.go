package heal

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// A carrier is a sealed thought signature that a client stores and sends back
// without understanding it:
//
//	gs1.<b64url(origin)>.<b64url(signature)>.<b64url(mac)>
//
// The client gives it back with the history, in a place where its dialect
// echoes bytes (see policies/dialect). The mac covers the fields before it,
// the tenant, and what the signature belongs to: for a call its name and the
// RFC 8785 canonical form of its arguments (clients re-serialize, so key order
// and number spelling must not matter), for text and thoughts the hash of the
// exact text, for media that of their bytes. A carrier that was altered, swapped between two calls, cut
// short or taken from another tenant does not verify; it is then treated as
// absent and never sent upstream. It does not say which key made it: each key
// that is configured is tried.

const (
	carrierPrefix = "gs1."
	// carrierLimit bounds a carrier that a client sends. Recorded signatures
	// reach 139,340 bytes.
	carrierLimit = 1 << 20
)

// Origin says where a signature was made. Signatures are replayed only to the
// same class of backend and the same model family: others refuse them.
type Origin struct {
	// Backend is the backend's class: its kind, and what scopes it.
	Backend string
	// Family is the model family.
	Family string
}

// NewOrigin is the origin for a backend class and an upstream model.
func NewOrigin(backend, model string) Origin {
	return Origin{Backend: backend, Family: Family(model)}
}

var modelSuffix = regexp.MustCompile(`-(preview|latest|exp)(-.*)?$|-\d{3}$`)

// Family returns the model's name without release suffixes: signatures stay
// valid between "gemini-3.5-flash-preview-10-2026" and "gemini-3.5-flash".
func Family(model string) string {
	model = strings.TrimPrefix(model, "models/")
	if at := modelSuffix.FindStringIndex(model); at != nil {
		return model[:at[0]] + model[at[1]:]
	}
	return model
}

// The kinds of things a signature can belong to.
const (
	forCall    = "call"
	forText    = "text"
	forThought = "thought"
	forMedia   = "media"
	// forPart carries a whole part of upstream's with its signature: a
	// server-side tool call that must go back unchanged.
	forPart = "part"
)

// Carriers seals signatures for one tenant and opens what comes back.
type Carriers struct {
	Key    Key
	Tenant string
	Origin Origin
	// Thread remembers signatures for clients that lose carriers; may be nil.
	Thread *Thread
}

// SealCall seals the signature of a call.
func (c Carriers) SealCall(signature, name string, args []byte) string {
	return c.seal(forCall, signatureBytes(signature), callBinding(name, args))
}

// SealPart seals a part of upstream's as a whole. It is bound to nothing else:
// its content is its identity.
func (c Carriers) SealPart(raw []byte) string { return c.seal(forPart, raw, []byte{}) }

func (c Carriers) sealRun(kind, signature string, hash []byte) string {
	return c.seal(kind, signatureBytes(signature), hash)
}

func (c Carriers) seal(kind string, payload, binding []byte) string {
	if len(payload) == 0 || binding == nil {
		return ""
	}
	head := carrierPrefix + b64.EncodeToString([]byte(c.origin(kind))) + "." + b64.EncodeToString(payload)
	tag := c.Key.mac("carrier", head, c.Tenant, string(binding))
	return head + "." + b64.EncodeToString(tag[:])
}

func (c Carriers) origin(kind string) string {
	return c.Origin.Backend + "\x00" + c.Origin.Family + "\x00" + kind
}

// isOrigin reports whether a carrier's field names this origin, for this kind.
// It is asked of every carrier of a history, so it allocates nothing.
func (c Carriers) isOrigin(field, kind string) bool {
	var plain, coded [128]byte
	origin := append(append(append(append(append(plain[:0], c.Origin.Backend...), 0), c.Origin.Family...), 0), kind...)
	return string(b64.AppendEncode(coded[:0], origin)) == field
}

// signature opens a carrier of a signature and returns it in upstream's
// encoding, or "".
func (c Carriers) signature(kind, carrier string, binding []byte) string {
	return base64.StdEncoding.EncodeToString(c.open(kind, carrier, binding))
}

// open verifies a carrier and returns its payload, or nil if the carrier is not
// ours, belongs to another part, or comes from another origin.
func (c Carriers) open(kind, carrier string, binding []byte) []byte {
	if !strings.HasPrefix(carrier, carrierPrefix) || len(carrier) > carrierLimit || binding == nil {
		return nil
	}
	head, tag, ok := cutLast(carrier, ".")
	if !ok {
		return nil
	}
	// A carrier of another kind or origin, such as a call's carrier in a thought,
	// is rejected before its mac is computed.
	origin, payload, ok := strings.Cut(strings.TrimPrefix(head, carrierPrefix), ".")
	if !ok || !c.isOrigin(origin, kind) {
		return nil
	}
	mac, err := unsealed(tag)
	if err != nil || !c.Key.verifies(mac, "carrier", head, c.Tenant, string(binding)) {
		return nil
	}
	raw, err := unsealed(payload)
	if err != nil {
		return nil
	}
	return raw
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// signatureBytes decodes what upstream sent: recorded signatures come in
// standard and in URL-safe base64.
func signatureBytes(s string) []byte {
	s = strings.TrimRight(s, "=")
	if raw, err := base64.RawStdEncoding.DecodeString(s); err == nil {
		return raw
	}
	if raw, err := base64.RawURLEncoding.DecodeString(s); err == nil {
		return raw
	}
	return []byte(s)
}

// callBinding is what a call's signature is bound to; nil if the arguments have
// no canonical form, so that no signature can be bound to them.
func callBinding(name string, args []byte) []byte {
	if manyMembers(args) {
		return nil
	}
	if len(args) == 0 {
		args = []byte("{}")
	}
	canonical, ok := gemini.Canonical(args)
	if !ok {
		return nil
	}
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write(canonical)
	return h.Sum(nil)
}

// maxBoundMembers bounds the members of arguments that are converted to
// canonical form: sorting them takes far more memory than their bytes. Calls
// with more are treated as not signed.
const maxBoundMembers = 20_000

// manyMembers reports whether the objects in args, which is valid JSON, have
// more than maxBoundMembers together.
func manyMembers(args []byte) bool {
	const shortest = len(`"":0,`)
	if len(args) <= maxBoundMembers*shortest {
		return false
	}
	n := 0
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case ':':
			n++
		case '"':
			for i++; i < len(args) && args[i] != '"'; i++ {
				if args[i] == '\\' {
					i++
				}
			}
		}
	}
	return n > maxBoundMembers
}

func textBinding(t conversation.Text) []byte {
	h := sha256.Sum256([]byte(t.String()))
	return h[:]
}

// Verify opens the carriers of a request's history and sets the signatures of
// those that verify. The carrier of a call or of media may come with it, or in
// the thought before it; any other carrier in a thought belongs to that thought.
// Where a carrier is lost, the signature of a call that needs one, of a text or
// of media is taken from the thread; thoughts are never restored. It returns how
// many carriers verified and how many were there.
func (c Carriers) Verify(req *conversation.Request) (good, seen int) {
	good, seen = c.verify(req)
	c.Thread.count(0)
	return good, seen
}

func (c Carriers) verify(req *conversation.Request) (good, seen int) {
	c.Thread.begin()
	signed := false // the step has a call, and only the first may be signed
	for i := range req.Messages {
		m := &req.Messages[i]
		riding := "" // the latest carrier that no part has claimed
		if m.Role != conversation.Model {
			signed = false
		}
		for j := range m.Parts {
			p := &m.Parts[j]
			p.Signature = ""
			var binding []byte // of a call
			if p.Carrier != "" {
				seen++
			}
			switch p.Kind {
			case conversation.KindThought:
				riding = p.Carrier
				p.Signature = c.textSignature(forThought, p)
			case conversation.KindText:
				p.Signature = c.textSignature(forText, p)
			case conversation.KindCall:
				binding = callBinding(p.Call.Name, p.Call.Args)
				p.Signature = c.signature(forCall, p.Carrier, binding)
				if p.Signature == "" && riding != "" {
					p.Signature = c.signature(forCall, riding, binding)
				}
				riding = ""
			case conversation.KindMedia:
				p.Signature = c.mediaSignature(p, riding)
				riding = ""
			case conversation.KindUpstream:
				p.Upstream = c.open(forPart, p.Carrier, []byte{})
			}
			if p.Signature != "" || p.Upstream != nil {
				good++
			}
			if m.Role == conversation.Model {
				c.recall(p, binding, &signed)
			}
			p.Signature = c.Thread.accepted(p.Signature)
		}
	}
	return good, seen
}

// textSignature opens the carrier of a text or thought.
func (c Carriers) textSignature(kind string, p *conversation.Part) string {
	if p.Carrier == "" {
		return ""
	}
	return c.signature(kind, p.Carrier, textBinding(p.Text))
}

// recall restores a signature whose carrier was lost. Of the calls of one step
// only the first has a signature; signed reports that it was seen.
func (c Carriers) recall(p *conversation.Part, binding []byte, signed *bool) {
	switch p.Kind {
	case conversation.KindText:
		if p.Signature == "" {
			p.Signature = c.Thread.text(c.origin(forText), p.Text)
		}
	case conversation.KindMedia:
		if p.Signature == "" {
			p.Signature = c.Thread.media(c.origin(forMedia), p.Media.Data)
		}
	case conversation.KindCall:
		lost := p.Signature == "" && !*signed
		*signed = true
		if s := c.Thread.call(c.origin(forCall), binding, lost); s != "" {
			p.Signature = s
		}
	}
}
