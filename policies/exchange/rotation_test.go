package exchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// carefulClient keeps what it was given.
var carefulClient = careless{"claude, all kept", "/v1/messages", signedCall,
	`{"model":"gemini-3.5-flash","max_tokens":100,"thinking":{"type":"adaptive"},"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"}]}`,
	func(t *testing.T, reply []byte) string {
		var m struct{ Content json.RawMessage }
		var parts []struct{ ID string }
		decodeTo(t, reply, &m)
		decodeTo(t, m.Content, &parts)
		return `{"model":"gemini-3.5-flash","max_tokens":100,"thinking":{"type":"adaptive"},"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":` + string(m.Content) + `},{"role":"user","content":[{"type":"tool_result","tool_use_id":"` + parts[len(parts)-1].ID + `","content":"x"}]}]}`
	}}

// A conversation and a retry that began under the old key go on under the new
// one, as long as the old one is listed.
func TestConversationsOutliveTheirKey(t *testing.T) {
	was, next := []byte(strings.Repeat("old ", 8)), []byte(strings.Repeat("new ", 8))
	with := func(keys ...[]byte) rig { return newRig(t, func(c *Config) { c.MemoryKeys = keys }) }
	for _, c := range []struct {
		name  string
		then  rig
		lives bool
	}{
		{"unchanged", with(was), true},
		{"new key second", with(was, next), true},
		{"new key first", with(next, was), true},
		{"old key dropped", with(next), false},
		{"no key, one is made", with(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := with(was).play(t, carefulClient, func() rig { return c.then })
			if got := strings.Contains(body, longSignature); got != c.lives {
				t.Errorf("the signature goes upstream: %t, want %t\n%.300s", got, c.lives, body)
			}
			first := with(was).retry(t, 1, "", ask, 503, overload, policies.Retry)
			a := c.then.begin(2, first.Memory)
			a.RequestHeaders()
			if got := len(a.memory.Tries) == 1; got != c.lives {
				t.Errorf("the memory is read: %t, want %t", got, c.lives)
			}
		})
	}
}
