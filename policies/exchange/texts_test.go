package exchange

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/redact"
)

// askIn are requests for a stream, one per dialect.
var askIn = map[string]struct{ path, body string }{
	"claude":    {"/v1/messages", ask},
	"chat":      {"/v1/chat/completions", `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}`},
	"responses": {"/v1/responses", `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`},

	"completions": {"/v1/completions", `{"model":"gemini-3.5-flash","stream":true,"prompt":"hi"}`},
	"gemini":      {"/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`},
}

// envelope is what a dialect writes around an error, the events of a begun
// answer included, and a line of the log around its text, in bytes.
const envelope = 1 << 10

// Wherever upstream speaks, and in whatever dialect it is told: no secret, and
// no more than redact.Limit. The native dialect tells a text twice, once for
// the field at fault.
func TestTextsOfUpstreamAreCleanAndBounded(t *testing.T) {
	const house, key = "house+secret/1 of the gateway", "hop secret&of the gateway, thirty-two bytes"
	memory := strings.Repeat("memory key ", 3)
	secret := "it is " + house + " " + url.QueryEscape(house) + " " + base64.RawURLEncoding.EncodeToString([]byte("u1:"+house)) +
		" " + url.PathEscape(key) + " " + base64.StdEncoding.EncodeToString([]byte(memory)) +
		" AQ.Ab8RN6Jx_example-Key1234 owner@example.com gs://files-of-ours/x 10.1.2.3:8080"
	long := secret + strings.Repeat(" é long", 4000) + house
	quoted := strings.ReplaceAll(long, `"`, `'`)
	badRequest := `"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"` + quoted + `","description":"` + quoted + `"}]},` +
		`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"X","metadata":{"consumer":"` + quoted + `"}}]`
	failure := func(code int, status string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":"%s","status":%q,%s}}`, code, quoted, status, badRequest)
	}
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"400":             {400, failure(400, "INVALID_ARGUMENT")},
		"short message":   {400, `{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT",` + badRequest + `}}`},
		"503":             {503, failure(503, "UNAVAILABLE")},
		"429":             {429, failure(429, "RESOURCE_EXHAUSTED")},
		"page":            {502, "<html><body>" + long + "</body></html>"},
		"under 200":       {200, "data: " + failure(503, "UNAVAILABLE") + "\n\n"},
		"in the stream":   {200, hello + "data: " + failure(503, "UNAVAILABLE") + "\n\n"},
		"finish message":  {200, `data: {"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"SAFETY","finishMessage":"` + quoted + "\"}]}\n\n"},
		"blocked prompt":  {200, `data: {"promptFeedback":{"blockReason":"OTHER","blockReasonMessage":"` + quoted + "\"}}\n\n"},
		"bare text error": {500, `{"error":"` + quoted + `"}`},
	} {
		for dialect, asked := range askIn {
			t.Run(name+"/"+dialect, func(t *testing.T) {
				r := newRig(t, func(cfg *Config) {
					cfg.Hop, cfg.MemoryKeys = key, [][]byte{[]byte(strings.Repeat("new key ", 4)), []byte(memory)}
					cfg.Accounts[0].Secret = account.NewSecret(house)
				})
				a := r.begin(3, "", policies.HeaderHop, key, policies.HeaderUnreached, "2")
				a.in.Path = asked.path
				send(t, a, asked.body)
				act := answerWith(a, c.status, c.body)
				texts := map[string]string{"body": string(act.Body)}
				if act.Reply != nil {
					texts["body"] = string(act.Reply.Body)
					for _, h := range act.Reply.Headers {
						texts["header "+h.Name] = h.Value
					}
				}
				for i, line := range r.log.All() {
					texts[fmt.Sprintf("log line %d", i)] = fmt.Sprint(line.ContextMap())
				}
				for where, text := range texts {
					for _, hidden := range []string{"house", "aG91c2U", "hop", "bWVtb3J5", "AQ.", "memory key"} {
						if strings.Contains(text, hidden) {
							t.Errorf("the %s tells %q: %.300s", where, hidden, text)
						}
					}
					if most := 2*redact.Limit + envelope; len(text) > most {
						t.Errorf("the %s has %d bytes, want at most %d", where, len(text), most)
					}
				}
				for _, hidden := range []string{"example.com", "gs://", "10.1.2.3"} {
					if strings.Contains(texts["body"], hidden) {
						t.Errorf("the client reads %q", hidden)
					}
				}
			})
		}
	}
}

// The provider's id of an answer becomes part of the client's, unless it is a
// credential, configured or known by its form.
func TestIDsOfUpstreamAreNoSecrets(t *testing.T) {
	const house, form = "house-secret-of-the-gateway", "AIzaSyA1234567890abcdefghijklmnopqrstuv"
	for dialect, asked := range askIn {
		for _, id := range []string{house, form, "x-" + house, "plain_id-1"} {
			r := newRig(t, func(cfg *Config) { cfg.Accounts[0].Secret = account.NewSecret(house) })
			a := r.begin(1, "")
			a.in.Path = asked.path
			send(t, a, asked.body)
			act := answerWith(a, 200, strings.ReplaceAll(hello+stop, `"r1"`, `"`+id+`"`))
			body := string(act.Body)
			if told := strings.Contains(body, id); told != (id == "plain_id-1") || body == "" {
				t.Errorf("%s, %s: %s", dialect, id, body)
			}
		}
	}
}
