package heal

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// memoryLimit bounds the sealed memory. Envoy limits all response headers to 60
// KiB; an attempt needs far less.
const memoryLimit = 4 << 10

// memoryVersion changes whenever a field changes its meaning. A replica that
// reads another version ignores the memory and starts afresh.
const memoryVersion = "m2"

// Memory is what attempt N+1 must know of attempts 1 to N. It travels with
// the request, because each attempt may be served by another replica.
type Memory struct {
	// Tenant is whose request it is. An attempt of another ignores the memory.
	Tenant string
	// Started is when the first attempt began, on this process's clock.
	Started time.Time
	// Tries are the attempts so far, oldest first.
	Tries []Try
	// Dropped is how many older ones were left out for lack of space; Before is
	// what those have used.
	Dropped int
	Before  Used
	// Repairs are all changes asked for so far; see RepairsAt.
	Repairs Repairs
	// Until is when the next attempt may go upstream, on this process's clock;
	// zero for at once. ByEnvoy is the part of the wait that Envoy was asked for.
	Until   time.Time
	ByEnvoy time.Duration
	// Last is the error that the client would have got after the attempts so far.
	// It is used if later ones say less.
	Last *conversation.Error
	// Rests counts requests for the rest of an answer, which are not attempts, and
	// Spent are the accounts that they found spent.
	Rests int
	Spent []SpentAccount
	// Lost is where an attempt without a memory went; nil if there was none. It is
	// not in Tries, and Known does not count it.
	Lost *LostTry
}

// SpentAccount is an account that will not answer the request soon.
type SpentAccount struct {
	Account string
	// Model is the model that it holds for; "" for all.
	Model string
	// OfGroup says that it holds for all accounts of its quota group.
	OfGroup bool
}

// LostTry is where a lost attempt went: its connection broke while its reply
// was held, or its replica died.
type LostTry struct {
	Backend, Account, Model string
	// Known says that the connection broke there; otherwise it is assumed.
	Known bool
	// Left says that the request does not go there again for the model.
	Left bool
	// Number is the attempt's; 0 is unknown. Status is upstream's and Used what it
	// has used, where the stream had ended before the next attempt began.
	Number int
	Status int
	Used   Used
}

// Try is one earlier attempt.
type Try struct {
	Backend string
	Account string
	// Model is the upstream model that the request was mapped to.
	Model   string
	Verdict policies.Verdict
	Reason  string
	Status  int
	// Rotate: the account should not be used again for this request.
	Rotate bool
	// Repair is what the try asked to be changed. Lasting says that upstream
	// gave a structured reason for it; see Verdict.
	Repair  Repairs
	Lasting bool
	// OfModel: the failure concerns Model only. The backend and the account may be
	// asked for another one.
	OfModel bool
	// Tier is the one that the chain asked for; "" if it left that to the client.
	// OfTier: the failure concerns it only.
	Tier   string
	OfTier bool
	// Failure says whether the account may be asked again; with OfGroup that holds
	// for all accounts of its quota group.
	Failure Failure
	OfGroup bool
	// Body is a checksum of the body that was sent, for a try with a Repair; 0 is
	// unknown.
	Body uint64
	// Number is the attempt's where the place in Tries does not tell it; see
	// NumberOf. Replied is the status of upstream's response where Status is
	// another, as with an error under a 200.
	Number  int
	Replied int
	Used    Used
}

// Known is how many attempts have left a memory.
func (m *Memory) Known() int { return m.Dropped + len(m.Tries) }

// Forgiven is how many of them do not count as attempts, because a connection
// broke that may have been idle too long.
func (m *Memory) Forgiven() int {
	n := 0
	for _, t := range m.Tries {
		if t.Reason == ReasonStale {
			n++
		}
	}
	return n
}

// RepairsAt are the changes to be made for a model at a backend. A history that
// was refused anywhere is repaired everywhere; other refusals concern only the
// model that refused.
func (m *Memory) RepairsAt(backend, model string) Repairs {
	r := m.Repairs & signatureRepairs
	for _, t := range m.Tries {
		if t.Backend == backend && t.Model == model {
			r |= t.Repair
		}
	}
	return r
}

// LastingAt are those of the changes for a model at a backend for which upstream
// gave a structured reason.
func (m *Memory) LastingAt(backend, model string) Repairs {
	var r Repairs
	for _, t := range m.Tries {
		if t.Lasting && t.Backend == backend && t.Model == model {
			r |= t.Repair
		}
	}
	return r
}

// Errors of Open. Both mean that the memory is ignored, and that the attempt
// knows no more than Envoy's attempt count.
var (
	ErrOtherKey   = errors.New("memory was sealed with another key: give every replica the same memory_key, or list both keys at every replica")
	ErrUnreadable = errors.New("memory cannot be read")
)

var b64 = base64.RawURLEncoding.Strict()

// unsealed decodes base64 that heald wrote. It accepts only the one spelling
// that b64 writes, so that sealed data cannot be altered at all: a lax decoder
// ignores the last bits, and even a strict one line breaks.
func unsealed(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line breaks in base64")
	}
	return b64.DecodeString(s)
}

// wireMemory is Memory as it travels: short names, no empty fields. It has
// durations, in milliseconds, since the replica that opens it may have another
// clock. Clock and Sealed are for the replica that sealed it, which can compute
// how long Envoy really waited.
type wireMemory struct {
	Clock   string    `json:"c"`
	Sealed  int64     `json:"n"` // since Clock started
	Elapsed int64     `json:"e,omitempty"`
	Wait    int64     `json:"w,omitempty"`
	ByEnvoy int64     `json:"v,omitempty"`
	Tries   []wireTry `json:"t,omitempty"`
	Dropped int       `json:"d,omitempty"`
	Repairs Repairs   `json:"r,omitempty"`
	Last    *wireLast `json:"l,omitempty"`
	// Replicas before these were added leave them out.
	Rests int         `json:"f,omitempty"`
	Spent []wireSpent `json:"s,omitempty"`
	Lost  *wireLost   `json:"o,omitempty"`
	// Where tenants are not told apart there is the one called default.
	Tenant string `json:"u,omitempty"`
	Before Used   `json:"q,omitzero"`
}

type wireSpent struct {
	Account string `json:"a,omitempty"`
	Model   string `json:"m,omitempty"`
	OfGroup bool   `json:"g,omitempty"`
}

type wireLost struct {
	Backend string `json:"b"`
	Account string `json:"a"`
	Model   string `json:"m"`
	Known   bool   `json:"k,omitempty"`
	Left    bool   `json:"l,omitempty"`
	// Replicas before these were added leave them out.
	Number int  `json:"i,omitempty"`
	Status int  `json:"s,omitempty"`
	Used   Used `json:"q,omitzero"`
}

type wireTry struct {
	Backend string           `json:"b,omitempty"`
	Account string           `json:"a,omitempty"`
	Model   string           `json:"m,omitempty"`
	Verdict policies.Verdict `json:"v,omitempty"`
	Reason  string           `json:"r,omitempty"`
	Status  int              `json:"s,omitempty"`
	Rotate  bool             `json:"x,omitempty"`
	Repair  Repairs          `json:"p,omitempty"`
	Lasting bool             `json:"y,omitempty"`
	OfModel bool             `json:"o,omitempty"`
	Tier    string           `json:"t,omitempty"` // replicas before this and OfTier were added leave them out
	OfTier  bool             `json:"z,omitempty"`
	Failure Failure          `json:"f,omitempty"`
	OfGroup bool             `json:"g,omitempty"` // replicas before this was added leave it out
	Body    uint64           `json:"d,omitempty"` // replicas before this was added leave it out
	// Replicas before these were added leave them out, and do not read them.
	Number  int  `json:"i,omitempty"`
	Replied int  `json:"h,omitempty"`
	Used    Used `json:"q,omitzero"`
}

type wireLast struct {
	Kind    conversation.ErrorKind `json:"k"`
	Status  int                    `json:"s,omitempty"`
	Message string                 `json:"m,omitempty"`
	After   int                    `json:"a,omitempty"`
	NoRetry bool                   `json:"n,omitempty"`
}

// lastMessageLimit keeps an upstream's long error text from filling the memory.
const lastMessageLimit = 512

// Seal writes the memory for the request with this id.
func (m *Memory) Seal(k Key, c Clock, requestID string) string {
	now := c.Now()
	w := wireMemory{
		Clock: c.id, Sealed: now.Sub(c.start).Milliseconds(), Elapsed: now.Sub(m.Started).Milliseconds(),
		Dropped: m.Dropped, Before: m.Before, Repairs: m.Repairs, Rests: m.Rests, Tenant: m.Tenant,
	}
	if !m.Until.IsZero() {
		w.Wait, w.ByEnvoy = m.Until.Sub(now).Milliseconds(), m.ByEnvoy.Milliseconds()
	}
	for _, t := range m.Tries {
		w.Tries = append(w.Tries, wireTry(t))
	}
	for _, s := range m.Spent {
		w.Spent = append(w.Spent, wireSpent(s))
	}
	if l := m.Lost; l != nil {
		w.Lost = new(wireLost(*l))
	}
	if l := m.Last; l != nil {
		w.Last = &wireLast{Kind: l.Kind, Status: l.Status, After: l.RetryAfter, NoRetry: l.NoRetry,
			Message: strings.ToValidUTF8(l.Message[:min(len(l.Message), lastMessageLimit)], "")}
	}
	for {
		body := w.encode()
		payload := b64.EncodeToString(body)
		tag := k.mac("memory", memoryVersion, requestID, payload)
		sealed := memoryVersion + "." + k.id + "." + payload + "." + b64.EncodeToString(tag[:])
		switch {
		case len(sealed) <= memoryLimit:
			return sealed
		case len(w.Tries) > 1:
			w.Before = w.Before.Add(w.Tries[0].Used)
			w.Tries = w.Tries[1:] // drop the oldest try, which matters least
			w.Dropped++
		case w.Last != nil && w.Last.Message != "":
			w.Last.Message = strings.ToValidUTF8(w.Last.Message[:len(w.Last.Message)/2], "")
		case len(w.Spent) > 0:
			w.Spent = w.Spent[1:]
		default:
			return sealed
		}
	}
}

// encode writes the memory as JSON. Without HTML's escapes: upstream's texts are
// full of its characters, and each would take six.
func (w *wireMemory) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(w) // plain fields always encode
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// OpenMemory reads a memory that Seal wrote for the request with this id.
func OpenMemory(k Key, c Clock, requestID, sealed string) (*Memory, error) {
	parts := strings.Split(sealed, ".")
	if len(sealed) > memoryLimit || len(parts) != 4 || parts[0] != memoryVersion {
		return nil, ErrUnreadable
	}
	with := k.named(parts[1])
	if with == nil {
		return nil, fmt.Errorf("%w (this replica's key id is %s, the other's %s)",
			ErrOtherKey, strings.Join(k.IDs(), ", then "), policies.Clean(parts[1]))
	}
	shown, err := unsealed(parts[3])
	made := with.mac("memory", memoryVersion, requestID, parts[2])
	if err != nil || !hmac.Equal(shown, made[:]) {
		return nil, ErrUnreadable
	}
	body, err := unsealed(parts[2])
	if err != nil {
		return nil, ErrUnreadable
	}
	var w wireMemory
	if json.Unmarshal(body, &w) != nil {
		return nil, ErrUnreadable
	}
	m := &Memory{Dropped: w.Dropped, Before: w.Before, Repairs: w.Repairs, ByEnvoy: milliseconds(w.ByEnvoy), Rests: w.Rests, Tenant: w.Tenant}
	at := w.sealedAt(c)
	m.Started = at.Add(-milliseconds(w.Elapsed))
	if w.Wait != 0 {
		m.Until = at.Add(milliseconds(w.Wait))
	}
	for _, t := range w.Tries {
		m.Tries = append(m.Tries, Try(t))
	}
	for _, s := range w.Spent {
		m.Spent = append(m.Spent, SpentAccount(s))
	}
	if l := w.Last; l != nil {
		m.Last = &conversation.Error{Kind: l.Kind, Status: l.Status, Message: l.Message, RetryAfter: l.After, NoRetry: l.NoRetry}
	}
	if l := w.Lost; l != nil {
		m.Lost = new(LostTry(*l))
	}
	return m, nil
}

// sealedAt is when the memory was sealed, on c. For another replica's, it is
// assumed that Envoy has waited since for as long as it was asked to.
func (w *wireMemory) sealedAt(c Clock) time.Time {
	if w.Clock == c.id {
		return c.start.Add(milliseconds(w.Sealed))
	}
	return c.Now().Add(-milliseconds(w.ByEnvoy))
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
