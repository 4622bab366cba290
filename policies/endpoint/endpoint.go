package endpoint

import (
	"net/url"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/route"
)

// Endpoint is what a request's path asks for, whatever base URL the client was
// given: with a version, without, or with two, in the form of another gateway
// or of Azure. All code that depends on a path uses this.
type Endpoint struct {
	// Name is the path below the base URL, such as messages or
	// models/gemini-3.5-flash:generateContent; "" for the base URL itself.
	Name string
	// Path is Name in the form that the dialects match.
	Path string
	// Query is as the client wrote it; it may hold a credential.
	Query string
	// native: the base URL's version is one that only Gemini has.
	native bool
	// api is the dialect that the base URL names; nil if it names none.
	api dialect.Dialect
	// Model is the one that the base URL names, as Azure's do; "" for none.
	Model string
}

// geminiVersions are the versions in base URLs that only Gemini's API has.
var geminiVersions = []string{"v1beta", "v1alpha", "v1beta1"}

// inferencePaths are the paths of Azure AI Inference below /models; no model
// has such a name.
var inferencePaths = []string{"chat/completions", "embeddings"}

// Of reads the path of a request. An escaped slash, a dot segment or any
// other segment that no base URL has ends the base URL: what follows is a name
// that nothing knows.
func Of(target string) Endpoint {
	path, query, _ := strings.Cut(target, "?")
	e := Endpoint{Query: query}
	rest := slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
	for len(rest) > 0 {
		n := e.baseSegments(rest)
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	e.Name = strings.Join(rest, "/")
	e.Path = "/v1/" + e.Name
	if of := familyOf(e.Name); of == Native || of == nil && e.native {
		e.Path = "/v1beta/" + e.Name
	}
	if e.api == nil {
		e.api = e.family()
	}
	return e
}

// baseSegments counts the segments at the beginning of rest that belong to the
// base URL, and notes their meaning.
func (e *Endpoint) baseSegments(rest []string) int {
	switch s := rest[0]; {
	case s == "v1" || s == "api" || s == "inference": // OpenRouter's and Open WebUI's begin with /api, those of GitHub Models and Fireworks with /inference
		e.native = e.native && s != "v1"
		return 1
	case s == "models" && slices.Contains(inferencePaths, strings.Join(rest[1:], "/")):
		e.native = false
		return 1
	case slices.Contains(geminiVersions, s):
		e.native = true
		return 1
	case s == "openai":
		e.native, e.api = false, Chat
		return 1
	case s == "anthropic":
		e.native, e.api = false, Claude
		return 1
	case s == "gemini" || s == "vertex_ai": // LiteLLM's, for Google's clients
		e.native, e.api = true, Native
		return 1
	case (s == "deployments" || s == "engines") && len(rest) > 2: // Azure's, and OpenAI's first
		model, err := url.PathUnescape(rest[1])
		if err != nil {
			return 0
		}
		e.native, e.api = false, Chat
		e.Model = strings.Clone(model) // keep its name and not the headers that it is a slice of
		return 2
	case s == "projects" && len(rest) > 6 && rest[2] == "locations" && rest[4] == "endpoints" && rest[5] == "openapi":
		e.native, e.api = false, Chat // Vertex AI's layer for OpenAI's clients
		return 6
	}
	return 0
}

// Dialect returns the dialect to which a request for the endpoint belongs; ok
// is false if there is none; the dialect is then the one for the error.
func (e *Endpoint) Dialect(req *policies.Request) (d dialect.Dialect, route dialect.Route, ok bool) {
	for _, d := range Dialects {
		if route, ok := d.Match(req.Method, e.Path); ok {
			route.Query = e.Query
			if e.Model != "" {
				route.Model = e.Model
			}
			return d, route, true
		}
	}
	return e.ErrorDialect(req.Headers), dialect.Route{}, false
}

// inProject is the name below a project and location of Vertex AI, which are the
// client's own.
func (e *Endpoint) inProject() string { return route.BelowProject(e.Name) }

// families are the dialects whose API has paths that begin so. Where two APIs
// have them the base URL and the headers decide.
var families = map[string]dialect.Dialect{
	"messages": Claude, "complete": Claude, "skills": Claude, "organizations": Claude,

	"chat": Chat, "completions": Completions, "embeddings": Embeddings, "images": Images, "audio": Transcriptions,
	"moderations": Chat, "realtime": Chat, "conversations": Chat, "assistants": Chat, "threads": Chat,
	"fine_tuning": Chat, "vector_stores": Chat, "uploads": Chat, "evals": Chat, "containers": Chat,
	"videos": Chat, "edits": Chat, "organization": Chat,
	"responses": Responses,

	"projects": Native, "publishers": Native, "tunedModels": Native, "cachedContents": Native,
	"corpora": Native, "fileSearchStores": Native, "upload": Native, "ws": Native,
	"interactions": Native, "operations": Native,
}

// familyOf is the dialect whose API alone has a path of this name; nil if that
// is unknown. OpenAI's models have no methods behind a colon.
func familyOf(name string) dialect.Dialect {
	head, rest, _ := strings.Cut(name, "/")
	if head == "models" && (strings.Contains(rest, ":") || strings.Contains(strings.ToLower(rest), "%3a")) {
		return Native
	}
	return families[head]
}

// family is the dialect that the path alone identifies; nil if it identifies
// none.
func (e *Endpoint) family() dialect.Dialect {
	if d := familyOf(e.Name); d != nil {
		return d
	}
	if e.native {
		return Native
	}
	return nil
}

// ErrorDialect is the dialect for an error about the path: a path near one of
// an API belongs to it. If the path identifies none, the header that holds the
// key may.
func (e *Endpoint) ErrorDialect(headers policies.Headers) dialect.Dialect {
	switch head, _, _ := strings.Cut(e.Name, "/"); {
	case headers.Get("anthropic-version") != "":
		return Claude
	case e.api != nil:
		return e.api
	case headers.Get("x-goog-api-key") != "", strings.HasPrefix(e.Query, "key="), strings.Contains(e.Query, "&key="):
		return Native
	case head == "models", head == "files", head == "batches":
		return Chat // Anthropic's clients send the header above
	case headers.Get("x-api-key") != "":
		return Claude
	case headers.Get("authorization") != "", headers.Get("api-key") != "":
		return Chat
	}
	return Fallback
}
