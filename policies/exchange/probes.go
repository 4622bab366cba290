package exchange

import (
	"net/http"
	"strings"
)

// probe is what the answer to a request is that only looks who is there.
type probe struct {
	// name is that of an endpoint; with a slash at its end, all below it.
	name   string
	method string // GET stands for HEAD too
	status int
}

// probes are what clients and monitors ask for before, or beside, what they are
// for. None of them needs a key, and none is a failed request, whatever its
// status. Where 200 would say that this is another service, it is 404.
var probes = []probe{
	{"", http.MethodGet, http.StatusOK}, // Claude Code sends HEAD for its base URL
	{"hello", http.MethodGet, http.StatusOK},
	{"health", http.MethodGet, http.StatusOK},
	{"health/", http.MethodGet, http.StatusOK}, // LiteLLM's liveliness and readiness
	{"healthz", http.MethodGet, http.StatusOK}, // where Envoy does not answer it
	{"livez", http.MethodGet, http.StatusOK},
	{"readyz", http.MethodGet, http.StatusOK},
	{"ping", http.MethodGet, http.StatusOK},
	{"status", http.MethodGet, http.StatusOK},

	{"event_logging/", http.MethodPost, http.StatusOK}, // what Claude Code counts; it is not kept
	{"claude_code/", http.MethodGet, http.StatusNotFound},
	{"claude_code_penguin_mode", http.MethodGet, http.StatusNotFound},
	{"claude_cli/", http.MethodGet, http.StatusNotFound},
	{"eval/", http.MethodPost, http.StatusNotFound}, // Claude Code's feature flags
	{"mcp-registry/", http.MethodGet, http.StatusNotFound},
	{".well-known/", http.MethodGet, http.StatusNotFound},

	{"tags", http.MethodGet, http.StatusNotFound}, // these four: is it Ollama?
	{"ps", http.MethodGet, http.StatusNotFound},
	{"version", http.MethodGet, http.StatusNotFound},
	{"show", http.MethodPost, http.StatusNotFound},
	{"props", http.MethodGet, http.StatusNotFound},       // llama.cpp?
	{"slots", http.MethodGet, http.StatusNotFound},       // llama.cpp?
	{"v0/models", http.MethodGet, http.StatusNotFound},   // LM Studio?
	{"model/info", http.MethodGet, http.StatusNotFound},  // LiteLLM?
	{"key/info", http.MethodGet, http.StatusNotFound},    // LiteLLM?
	{"deployments", http.MethodGet, http.StatusNotFound}, // Azure?
	{"engines", http.MethodGet, http.StatusNotFound},     // OpenAI's first list of models
	{"metrics", http.MethodGet, http.StatusNotFound},     // heald's are on its own port

	{"favicon.ico", http.MethodGet, http.StatusNoContent},
	{"robots.txt", http.MethodGet, http.StatusOK},
}

// probed is the row of a request that is a probe; nil if it is none.
func probed(method, name string) *probe {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range probes {
		p := &probes[i]
		if p.method == method && (p.name == name || strings.HasSuffix(p.name, "/") && strings.HasPrefix(name, p.name)) {
			return p
		}
	}
	return nil
}
