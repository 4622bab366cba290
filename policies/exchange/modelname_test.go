package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/route"
)

// The clients of prefixed names get what they mean, and the alias's owner is
// asked first.
func TestModelNames(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Models.Aliases = map[string]route.Chain{
			"google/gemini-3.6-flash":  route.Only("gemini-2.5-pro"),
			"gemini-3.7-flash":         route.Only("gemini-2.5-flash"),
			"house":                    route.Only("gemini-3.5-flash"),
			"team/*":                   route.Only("gemini-3-flash"),
			"claude-opus-4-1-20250805": route.Only("gemini-2.5-flash-lite"),
		}
	})
	for name, want := range map[string]string{
		"google/gemini-3.8-flash":                                          "gemini-3.8-flash",
		"gemini/gemini-3.8-flash":                                          "gemini-3.8-flash",
		"models/gemini-3.8-flash":                                          "gemini-3.8-flash",
		"vertex_ai/gemini-3.8-flash":                                       "gemini-3.8-flash",
		"openai/gemini-3.8-flash":                                          "gemini-3.8-flash",
		"publishers/google/models/gemini-3.8-flash":                        "gemini-3.8-flash",
		"projects/p/locations/l/publishers/google/models/gemini-3.8-flash": "gemini-3.8-flash",
		"openrouter/google/gemini-3.8-flash:free":                          "gemini-3.8-flash",
		"google/gemini-3.8-flash:free":                                     "gemini-3.8-flash",
		"litellm_proxy/vertex_ai/gemini-3.8-flash":                         "gemini-3.8-flash",
		"openai/google/models/gemini-3.8-flash":                            "gemini-3.8-flash",
		"gemini/gemini-flash-latest":                                       "gemini-flash-latest",
		"anthropic/claude-sonnet-4.5":                                      "gemini-3.8-flash",
		"openai/gpt-5-mini":                                                "gemini-3.5-flash-lite",
		"openai/house":                                                     "gemini-3.5-flash",
		"google/gemini-3.6-flash":                                          "gemini-2.5-pro",
		"openrouter/google/gemini-3.6-flash":                               "gemini-2.5-pro",
		"google/gemini-3.7-flash":                                          "gemini-2.5-flash",
		"team/anything":                                                    "gemini-3-flash",
		"\ufeffgemini-3.8-flash":                                           "gemini-3.8-flash",
		" google/gemini-3.8-flash\n":                                       "gemini-3.8-flash",
		"heald/gemini-3.8-flash":                                           "gemini-3.8-flash",
		"github_copilot/gpt-4.1":                                           "gemini-3.8-flash",
		"azure_ai/claude-sonnet-4-5":                                       "gemini-3.8-flash",
		"google:gemini-3.8-flash":                                          "gemini-3.8-flash",
		"google-gla:gemini-3.5-flash":                                      "gemini-3.5-flash",
		"openai:gpt-5-mini":                                                "gemini-3.5-flash-lite",
		"@google/gemini-3.8-flash":                                         "gemini-3.8-flash",
		"@vertex-ai/gemini-3.8-flash@default":                              "gemini-3.8-flash",
		"Gemini-3.8-Flash":                                                 "gemini-3.8-flash",
		"Google/Gemini-9-Flash":                                            "gemini-9-flash",
		"GPT-5-Mini":                                                       "gemini-3.5-flash-lite",
		"Openai/House":                                                     "gemini-3.5-flash",
		"MyTuned":                                                          "MyTuned",
		"gemini-3.8-flash@default":                                         "gemini-3.8-flash",
		"gemini-3.8-flash@20250929":                                        "gemini-3.8-flash",
		"gemini-3.8-flash:thinking":                                        "gemini-3.8-flash",
		"gemini-3.8-flash[1m]":                                             "gemini-3.8-flash",
		"sonnet[1m]":                                                       "gemini-3.8-flash",
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0":                     "gemini-3.8-flash",
		"bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0":              "gemini-3.5-flash-lite",
		"bedrock/converse/anthropic.claude-3-5-sonnet-20241022-v2:0":       "gemini-3.8-flash",
		"bedrock/us-west-2/anthropic.claude-haiku-4-5-20251001-v1:0":       "gemini-3.5-flash-lite",
		"arn:aws:bedrock:us-east-1:12:inference-profile/eu.anthropic.claude-opus-4-6-v1": "gemini-3.8-flash",
		"global.anthropic.claude-opus-4-6-v1":                                            "gemini-3.8-flash",
		"anthropic.claude-opus-4-1-20250805-v1:0":                                        "gemini-2.5-flash-lite",
		"o3":                "gemini-3.8-flash",
		"o3-mini":           "gemini-3.8-flash",
		"openai/o4-mini":    "gemini-3.8-flash",
		"chatgpt-4o-latest": "gemini-3.8-flash",
		"claude":            "gemini-3.8-flash",
		"opusplan":          "gemini-3.8-flash",
		"whisper":           "gemini-3.5-flash-lite",
	} {
		body := jsonString(name)
		for path, text := range map[string]string{
			"/v1/messages":         `{"model":` + body + `,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
			"/v1/chat/completions": `{"model":` + body + `,"messages":[{"role":"user","content":"hi"}]}`,
			"/v1/responses":        `{"model":` + body + `,"input":"hi"}`,
			"/v1beta/models/" + name + ":generateContent": `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		} {
			if strings.ContainsAny(path, "\ufeff \n") {
				continue // nobody writes a path so
			}
			a := r.begin(1, "")
			a.in.Path = path
			f := send(t, a, text)
			if a.model != want || a.req.Model != name || !strings.Contains(f.Path, "/"+want+":") {
				t.Errorf("%s, %q: %s at %s, want %s; answers are told to be of %q", path, name, a.model, f.Path, want, a.req.Model)
			}
		}
	}
}

// What is no model's name is refused here, in words that say what to do; so is a
// model that upstream does not have, in upstream's words and ours.
func TestUnknownModels(t *testing.T) {
	const help = "lists what is served; models.aliases in heald.yaml adds names"
	bodies := map[string]string{
		"/v1/messages":              `"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/chat/completions":      `"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/responses":             `"input":"hi"}`,
		"/v1/completions":           `"prompt":"hi"}`,
		"/v1/embeddings":            `"input":"hi"}`,
		"/v1/messages/count_tokens": `"messages":[{"role":"user","content":"hi"}]}`,
	}
	for path, rest := range bodies {
		for _, name := range []string{"meta-llama/llama-3", "llama3:8b", "a/../b", "google/", "google/a b", "openai/x:y", "gemini-3.8-flash:online", "@google"} {
			a := newRig(t, nil).begin(1, "")
			a.in.Path = path
			a.RequestHeaders()
			_, reply := a.RequestBody(context.Background(), []byte(`{"model":`+jsonString(name)+`,`+rest))
			if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), "GET /v1/models "+help) || !strings.Contains(string(reply.Body), strings.Trim(jsonString(name), `"`)) {
				t.Errorf("%s, %q: %+v", path, name, reply)
			}
		}
	}
	for path, want := range map[string]string{
		"/v1/messages":                        "there is no such thing. GET /v1/models " + help,
		"/v1/chat/completions":                `"param":"model"`,
		"/v1/responses":                       `"param":"model"`,
		"/v1/embeddings":                      `"param":"model"`,
		"/v1beta/models/auto:generateContent": "there is no such thing. GET /v1beta/models " + help,
	} {
		a := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] }).begin(1, "")
		a.in.Path = path
		body := `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
		if rest, ok := bodies[path]; ok {
			body = `{"model":"auto",` + rest
		}
		send(t, a, body)
		act := answerWith(a, 404, `{"error":{"code":404,"message":"there is no such thing.","status":"NOT_FOUND"}}`)
		if act.Reply == nil || act.Reply.Status != 404 || !strings.Contains(string(act.Reply.Body), want) || !strings.Contains(string(act.Reply.Body), "such thing. GET") {
			t.Errorf("%s: %+v", path, act.Reply)
		}
	}
}
