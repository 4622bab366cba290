package shortcut

import (
	"net/http"
	"strings"
)

// Probe is a request that only looks who is there, and its answer.
type Probe struct {
	// name is that of an endpoint; with a slash at its end, all below it.
	name   string
	method string // GET stands for HEAD too
	// Status of the answer. That of 404 is worded as an error of the client's API;
	// Content is that of the others.
	Status int
}

// Content is the body of the answer, and its type; none goes with 204.
func (p *Probe) Content() (contentType, body string) {
	switch {
	case p.Status == http.StatusNoContent:
		return "", ""
	case p.name == "robots.txt":
		return "text/plain", "User-agent: *\nDisallow: /\n"
	}
	return "application/json", `{"status":"ok"}`
}

// probes are what clients and monitors ask for before, or beside, what they are
// for. None of them needs a key, and none is a failed request, whatever its
// status. Where 200 would say that this is another service, it is 404.
var probes = []Probe{
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

// Probed is the probe that a request for an endpoint is; nil if it is none.
func Probed(method, name string) *Probe {
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
