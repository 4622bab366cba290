package endpoint

import (
	"net/url"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
)

// A path belongs to one client API at most, and whatever it names as the model,
// with whatever escapes, only the model's place in the upstream path changes.
func FuzzMatch(f *testing.F) {
	for _, path := range []string{
		"/v1/messages", "/anthropic/v1/messages/count_tokens", "/v1/chat/completions", "/v1beta/openai/chat/completions",
		"/openai/v1/responses", "/v1/responses/input_tokens", "/v1/embeddings", "/openai/audio/translations", "/v1beta/models/gemini-embedding-001:predict",
		"/v1beta/models/gemini-3.5-flash:generateContent", "//v1/models/m%3AcountTokens",
		"/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent",
		"/v1beta/models/..%2F..%2Fx:generateContent", "/v1beta/models/m%3Fkey=1%23:generateContent", "/v1beta/models/models%2Fm:generateContent",
		"/v1beta/models/a:b:generateContent", "", "/", "*",
	} {
		f.Add("POST", path)
	}
	f.Add("GET", "/v1/messages")
	for _, path := range []string{
		"/", "//v1//messages/", "/chat/completions", "/openai/deployments/a%2Fb/chat/completions", "/v1/engines/x/completions", "/v1beta1/projects/p/locations/l/endpoints/openapi/chat/completions",
		"/api/v1/v1beta/models/google/m:free:generateContent", "/v1/../v1/messages", "/deployments/%zz/x", "/openai", "/v1/models/x%3ay",
	} {
		f.Add("POST", path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		e := Of(path)
		if again := Of(e.Path); again.Name != e.Name || again.Path != e.Path {
			t.Errorf("%q is %q, which is %q", path, e.Path, again.Path)
		}
		if e.ErrorDialect(nil) == nil {
			t.Errorf("%q: nobody words its errors", path)
		}
		if meant := e.Suggestion(); meant != "" {
			if at := Of(meant); at.Allows() == "" {
				t.Errorf("%q: %s is meant, and not served", path, meant)
			}
		}
		var by []string
		for _, d := range Dialects {
			route, ok := d.Match(method, e.Path)
			if !ok {
				if route.Model != "" || route.Stream || route.Operation != 0 {
					t.Errorf("%s: %s %q: no match, but %+v", d.Name(), method, path, route)
				}
				continue
			}
			by = append(by, d.Name())
			if method != "POST" || route.Query != "" {
				t.Errorf("%s takes %s %q as %+v", d.Name(), method, path, route)
			}
			if route.Model == "" || gemini.ValidModel(route.Model) != nil {
				continue // the body names it, or it is refused
			}
			u, err := url.Parse(gemini.Target{Model: route.Model}.Path(route.Operation, route.Stream))
			if err != nil {
				t.Fatalf("%q: %v", path, err)
			}
			model, method, _ := strings.Cut(strings.TrimPrefix(u.Path, "/v1beta/models/"), ":")
			if u.RawPath != "" || u.Fragment != "" || u.Host != "" || model != strings.TrimPrefix(route.Model, "models/") ||
				strings.ContainsAny(model, "/?#%") || strings.Contains(method, ":") || (u.RawQuery != "") != (route.Stream) {
				t.Errorf("%q asks upstream for %s", path, u)
			}
		}
		if len(by) > 1 {
			t.Errorf("%s %q belongs to %v", method, path, by)
		}
	})
}
