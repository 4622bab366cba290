package exchange

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/tenant"
)

// sessionOf is the key of a request's conversation, as it is when the attempt
// asks for an account.
func sessionOf(t *testing.T, r rig, key, path, body string, headers ...string) uint64 {
	t.Helper()
	in := &policies.Request{Method: "POST", Path: path, Authority: "llm.example", Headers: policies.Headers{
		{Name: "x-request-id", Value: "id-1"}, {Name: "x-envoy-attempt-count", Value: "1"},
		{Name: "authorization", Value: "Bearer " + key}, {Name: "content-type", Value: "application/json"},
	}}
	for i := 0; i+1 < len(headers); i += 2 {
		in.Headers.Set(headers[i], headers[i+1])
	}
	a := r.Begin(context.Background(), in).(*attempt)
	defer a.Close(policies.EndComplete)
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("%s: refused: %s", path, reply.Body)
	}
	req, err := a.dialect.Decode(a.route, in.Headers, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if a.req = req; a.choose() != nil {
		t.Fatalf("%s: nobody can be asked", path)
	}
	w := a.want([]byte(body), a.order())
	if w.Session == 0 {
		t.Fatalf("%s: no session", path)
	}
	return w.Session
}

// sessionRig has two tenants, and accounts of two groups.
func sessionRig(t *testing.T) rig {
	return newRig(t, func(cfg *Config) {
		cfg.Tenants = callers(t, tenant.Tenant{Name: "one", Keys: keysOf(clientKey)}, tenant.Tenant{Name: "two", Keys: keysOf(otherKey)})
	})
}

// The names that clients give to their conversations, in the order in which they
// count. Each row is a name of its own, which none behind it overrules.
func TestSessionNames(t *testing.T) {
	const (
		claudeBody = `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"metadata":{"user_id":%q}}`
		chatBody   = `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}],"prompt_cache_key":%q}`
		codexBody  = `{"model":"gemini-3.5-flash","input":"hi","prompt_cache_key":%q}`
		nativeBody = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"labels":{"x":%q}}`
		native     = "/v1beta/models/gemini-3.5-flash:generateContent"
	)
	inUserID := func(session string) string {
		return `{"device_id":"d","account_uuid":"a","session_id":"` + session + `"}`
	}
	for _, c := range []struct {
		name    string
		path    string
		body    string
		headers []string
		want    string
	}{
		{"heald's header, Messages", "/v1/messages", fmt.Sprintf(claudeBody, inUserID("s3")), []string{"x-heald-session", "s1", "x-claude-code-session-id", "s2"}, "s1"},
		{"heald's header, Chat", "/v1/chat/completions", fmt.Sprintf(chatBody, "s2"), []string{"x-heald-session", "s1"}, "s1"},
		{"heald's header, Responses", "/v1/responses", fmt.Sprintf(codexBody, "s3"), []string{"x-heald-session", "s1", "session-id", "s2"}, "s1"},
		{"heald's header, native", native, fmt.Sprintf(nativeBody, "x"), []string{"x-heald-session", "s1"}, "s1"},
		{"Claude Code's header", "/v1/messages", fmt.Sprintf(claudeBody, inUserID("s3")), []string{"x-claude-code-session-id", "s2"}, "s2"},
		{"Claude Code's metadata", "/v1/messages", fmt.Sprintf(claudeBody, inUserID("s3")), nil, "s3"},
		{"Claude Code's metadata of old", "/v1/messages", fmt.Sprintf(claudeBody, "user_1_account__session_s3"), nil, "s3"},
		{"Codex's header", "/v1/responses", fmt.Sprintf(codexBody, "s3"), []string{"session-id", "s2"}, "s2"},
		{"Codex's header of old", "/v1/responses", fmt.Sprintf(codexBody, "s3"), []string{"session_id", "s2"}, "s2"},
		{"the key of the prompt's cache, Responses", "/v1/responses", fmt.Sprintf(codexBody, "s3"), nil, "s3"},
		{"the key of the prompt's cache, Chat", "/v1/chat/completions", fmt.Sprintf(chatBody, "s3"), nil, "s3"},
	} {
		r := sessionRig(t)
		if got := sessionOf(t, r, clientKey, c.path, c.body, c.headers...); got != account.SessionKey("one", c.want) {
			t.Errorf("%s: the session is not %s", c.name, c.want)
		}
		if got := sessionOf(t, r, otherKey, c.path, c.body, c.headers...); got != account.SessionKey("two", c.want) {
			t.Errorf("%s: the session of another tenant is not its own %s", c.name, c.want)
		}
	}
}

// Without a name, a conversation is known by its model, tools, system text and
// first message: the same from turn to turn, and another one where any of them is.
func TestSessionWithoutAName(t *testing.T) {
	for _, c := range []struct{ path, body, turn string }{
		{"/v1/messages", `{"model":%q,"max_tokens":9,"tools":[{"name":%q,"input_schema":{"type":"object"}}],"system":%q,"messages":[{"role":"user","content":%q}%s],"temperature":0.%d}`,
			`,{"role":"assistant","content":"aha"},{"role":"user","content":"and?"}`},
		{"/v1/chat/completions", `{"model":%q,"tools":[{"type":"function","function":{"name":%q}}],"messages":[{"role":"system","content":%q},{"role":"user","content":%q}%s],"temperature":0.%d}`,
			`,{"role":"assistant","content":"aha"},{"role":"user","content":"and?"}`},
		{"/v1/responses", `{"model":%q,"tools":[{"type":"function","name":%q,"parameters":{"type":"object"}}],"instructions":%q,"input":[{"role":"user","content":%q}%s],"temperature":0.%d}`,
			`,{"role":"assistant","content":"aha"},{"role":"user","content":"and?"}`},
		{"/v1beta/models/%s:generateContent", `{"tools":[{"functionDeclarations":[{"name":%q}]}],"systemInstruction":{"parts":[{"text":%q}]},"contents":[{"role":"user","parts":[{"text":%q}]}%s],"generationConfig":{"temperature":0.%d}}`,
			`,{"role":"model","parts":[{"text":"aha"}]},{"role":"user","parts":[{"text":"and?"}]}`},
	} {
		r := sessionRig(t)
		of := func(key, model, tool, system, first, turns string, temperature int) uint64 {
			if strings.Contains(c.path, "%s") { // the model is in the path
				return sessionOf(t, r, key, fmt.Sprintf(c.path, model), fmt.Sprintf(c.body, tool, system, first, turns, temperature))
			}
			return sessionOf(t, r, key, c.path, fmt.Sprintf(c.body, model, tool, system, first, turns, temperature))
		}
		const model = "gemini-3.5-flash"
		one := of(clientKey, model, "ls", "be brief", "hi", "", 1)
		if got := of(clientKey, model, "ls", "be brief", "hi", c.turn, 2); got != one {
			t.Errorf("%s: the next turn is another conversation", c.path)
		}
		for what, got := range map[string]uint64{
			"tenant":        of(otherKey, model, "ls", "be brief", "hi", "", 1),
			"model":         of(clientKey, "gemini-2.5-flash", "ls", "be brief", "hi", "", 1),
			"tool":          of(clientKey, model, "cat", "be brief", "hi", "", 1),
			"system text":   of(clientKey, model, "ls", "be long", "hi", "", 1),
			"first message": of(clientKey, model, "ls", "be brief", "hello", "", 1),
		} {
			if got == one {
				t.Errorf("%s: another %s is the same conversation", c.path, what)
			}
		}
	}
}
