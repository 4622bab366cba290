package exchange

import (
	"context"
	"strings"
	"testing"
)

// The clients of prefixed names get what they mean, and the alias's owner is
// asked first.
func TestModelNames(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Models.Aliases = map[string]Chain{
			"google/gemini-3.6-flash": only("gemini-2.5-pro"),
			"gemini-3.7-flash":        only("gemini-2.5-flash"),
			"house":                   only("gemini-3.5-flash"),
			"team/*":                  only("gemini-3-flash"),
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
	for _, name := range []string{"meta-llama/llama-3", "a/../b", "google/", "google/a b", "openai/x:y", "gemini-3.8-flash:online"} {
		a := r.begin(1, "")
		a.RequestHeaders()
		if _, reply := a.RequestBody(context.Background(), []byte(`{"model":`+jsonString(name)+`,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`)); reply == nil || reply.Status != 400 {
			t.Errorf("%q: %+v", name, reply)
		}
	}
}
