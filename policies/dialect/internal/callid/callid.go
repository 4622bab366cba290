package callid

import (
	"crypto/rand"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// maxLength is the longest id that is passed on. Clients of the OpenAI APIs
// were seen to keep ids in columns of 64 characters.
const maxLength = 64

// Random fills b with random bytes.
func Random(b []byte) {
	_, _ = rand.Read(b) // it never returns an error
}

// IDs makes the ids of the calls in one reply unique in the conversation:
// Claude Code drops a call whose id was used before.
type IDs struct {
	// Req is the request, whose ids are not used again.
	Req *conversation.Request
	// Prefix starts new ids: toolu_ or call_.
	Prefix string
	// Mark, if not "", does not occur in ids: it separates the carrier.
	Mark string
	// Random fills new ids; tests make it predictable.
	Random func([]byte)

	used map[string]bool // nil until the first call
}

// Call returns the id for a call: the upstream's, or a new one where the
// upstream gave none, one that clients may refuse, or one that is taken.
func (g *IDs) Call(upstream string) string {
	if g.used == nil {
		g.used = map[string]bool{}
		for _, id := range g.Req.CallIDs() {
			g.used[id] = true
		}
	}
	id := upstream
	if !Fits(id) || g.used[id] || g.Mark != "" && strings.Contains(id, g.Mark) {
		id = New(g.Prefix, g.Random)
	}
	g.used[id] = true
	return id
}

// Fits reports whether clients accept id.
func Fits(id string) bool {
	if id == "" || len(id) > maxLength {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c != '_' && c != '-' && strings.IndexByte(base62, c) < 0 {
			return false
		}
	}
	return true
}

// New returns prefix and 24 random characters, as the original services
// have them.
func New(prefix string, random func([]byte)) string {
	b := make([]byte, 24)
	random(b)
	for i := range b {
		b[i] = base62[int(b[i])%len(base62)] // slightly uneven, which is good enough for ids
	}
	return prefix + string(b)
}
