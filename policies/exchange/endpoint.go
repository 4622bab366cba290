package exchange

import (
	"net/url"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/route"
)

// endpoint is what a request's path asks for, whatever base URL the client was
// given: with a version, without, or with two, in the form of another gateway
// or of Azure. Everything that looks at a path looks at this.
type endpoint struct {
	// name is the path below the base URL, such as messages or
	// models/gemini-3.5-flash:generateContent; "" for the base URL itself.
	name string
	// path is name in the form that the dialects match.
	path  string
	query string
	// native: the base URL's version is one that only Gemini has.
	native bool
	// api is the dialect that the base URL names; nil if it names none.
	api dialect.Dialect
	// model is the one that the base URL names, as Azure's do; "" for none.
	model string
}

// geminiVersions are the versions in base URLs that only Gemini's API has.
var geminiVersions = []string{"v1beta", "v1alpha", "v1beta1"}

// inferencePaths are what Azure AI Inference has below /models: no models are
// called so.
var inferencePaths = []string{"chat/completions", "embeddings"}

// endpointOf reads the path of a request. An escaped slash, a dot segment or any
// other segment that no base URL has ends the base URL: what follows is a name
// that nothing knows.
func endpointOf(target string) endpoint {
	path, query, _ := strings.Cut(target, "?")
	e := endpoint{query: query}
	rest := slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
	for len(rest) > 0 {
		n := e.baseSegments(rest)
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	e.name = strings.Join(rest, "/")
	e.path = "/v1/" + e.name
	if of := familyOf(e.name); of == nativeDialect || of == nil && e.native {
		e.path = "/v1beta/" + e.name
	}
	if e.api == nil {
		e.api = e.family()
	}
	return e
}

// baseSegments counts the segments at the beginning of rest that belong to the
// base URL, and notes what they say.
func (e *endpoint) baseSegments(rest []string) int {
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
		e.native, e.api = false, chatDialect
		return 1
	case s == "anthropic":
		e.native, e.api = false, claudeDialect
		return 1
	case s == "gemini" || s == "vertex_ai": // LiteLLM's, for Google's clients
		e.native, e.api = true, nativeDialect
		return 1
	case (s == "deployments" || s == "engines") && len(rest) > 2: // Azure's, and OpenAI's first
		model, err := url.PathUnescape(rest[1])
		if err != nil {
			return 0
		}
		e.native, e.api, e.model = false, chatDialect, model
		return 2
	case s == "projects" && len(rest) > 6 && rest[2] == "locations" && rest[4] == "endpoints" && rest[5] == "openapi":
		e.native, e.api = false, chatDialect // Vertex AI's layer for OpenAI's clients
		return 6
	}
	return 0
}

// inProject is the name below a project and location of Vertex AI, which are the
// client's own.
func (e *endpoint) inProject() string { return route.BelowProject(e.name) }

// families are the dialects whose API has paths that begin so. Where two APIs
// have them the base URL and the headers decide.
var families = map[string]dialect.Dialect{
	"messages": claudeDialect, "complete": claudeDialect, "skills": claudeDialect, "organizations": claudeDialect,

	"chat": chatDialect, "completions": completionsDialect, "embeddings": embeddingsDialect, "images": imagesDialect, "audio": transcriptionsDialect,
	"moderations": chatDialect, "realtime": chatDialect, "conversations": chatDialect, "assistants": chatDialect, "threads": chatDialect,
	"fine_tuning": chatDialect, "vector_stores": chatDialect, "uploads": chatDialect, "evals": chatDialect, "containers": chatDialect,
	"videos": chatDialect, "edits": chatDialect, "organization": chatDialect,
	"responses": responsesDialect,

	"projects": nativeDialect, "publishers": nativeDialect, "tunedModels": nativeDialect, "cachedContents": nativeDialect,
	"corpora": nativeDialect, "fileSearchStores": nativeDialect, "upload": nativeDialect, "ws": nativeDialect,
	"interactions": nativeDialect, "operations": nativeDialect,
}

// familyOf is the dialect whose API alone has a path of this name; nil if that
// is not known. OpenAI's models have no methods behind a colon.
func familyOf(name string) dialect.Dialect {
	head, rest, _ := strings.Cut(name, "/")
	if head == "models" && (strings.Contains(rest, ":") || strings.Contains(strings.ToLower(rest), "%3a")) {
		return nativeDialect
	}
	return families[head]
}

// family is the dialect that the path alone speaks; nil if it does not tell.
func (e *endpoint) family() dialect.Dialect {
	if d := familyOf(e.name); d != nil {
		return d
	}
	if e.native {
		return nativeDialect
	}
	return nil
}

// wordedBy is the dialect in which an error about the path is said: whoever asks
// for a neighbor of a path speaks the same API. Where the path does not tell, the
// header that holds the key may.
func (e *endpoint) wordedBy(headers policies.Headers) dialect.Dialect {
	switch head, _, _ := strings.Cut(e.name, "/"); {
	case headers.Get("anthropic-version") != "":
		return claudeDialect
	case e.api != nil:
		return e.api
	case headers.Get("x-goog-api-key") != "", strings.HasPrefix(e.query, "key="), strings.Contains(e.query, "&key="):
		return nativeDialect
	case head == "models", head == "files", head == "batches":
		return chatDialect // Anthropic's clients send the header above
	case headers.Get("x-api-key") != "":
		return claudeDialect
	case headers.Get("authorization") != "", headers.Get("api-key") != "":
		return chatDialect
	}
	return fallbackDialect
}
