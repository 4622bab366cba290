package claude

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// callIDs gives the calls of one reply ids. Claude Code drops a call whose id
// was used before, so they are unique in the conversation.
type callIDs struct {
	req    *conversation.Request
	random func([]byte)
	used   map[string]bool // nil until the first call
}

// message returns the reply's id.
func (c *callIDs) message(upstream string) string {
	if fits(upstream) {
		return "msg_" + upstream
	}
	return c.fresh("msg_")
}

// call returns the id for a call: the upstream's, or a new one where the
// upstream gave none, one that clients may refuse, or one that is taken.
func (c *callIDs) call(upstream string) string {
	if c.used == nil {
		c.used = map[string]bool{}
		for _, m := range c.req.Messages {
			for _, p := range m.Parts {
				if p.Kind == conversation.KindCall {
					c.used[p.Call.ID] = true
				}
			}
		}
	}
	id := upstream
	if !fits(id) || strings.Contains(id, carrierMark) || c.used[id] {
		id = c.fresh("toolu_")
	}
	c.used[id] = true
	return id
}

// fits reports whether id is one that clients of this API accept.
func fits(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c != '_' && c != '-' && strings.IndexByte(base62, c) < 0 {
			return false
		}
	}
	return true
}

// fresh returns prefix and 24 random characters, as the original service has
// them.
func (c *callIDs) fresh(prefix string) string {
	b := make([]byte, 24)
	c.random(b)
	for i := range b {
		b[i] = base62[int(b[i])%len(base62)] // slightly uneven, which ids may be
	}
	return prefix + string(b)
}
