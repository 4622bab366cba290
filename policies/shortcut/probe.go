package shortcut

import (
	"net/http"
	"strings"
)

// Probe is a request that only checks what kind of server answers, and its
// answer.
type Probe struct {
	// name is that of an endpoint; with a slash at its end, all below it.
	name   string
	method string // GET stands for HEAD too
	// Status of the answer. A 404 is an error of the client's API; other answers
	// have Content.
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

// probes are the requests that clients and monitors send before or beside their
// real ones. None needs a key, and none counts as a failed request, whatever
// its status. If 200 would mean that this is another service, the status is
// 404.
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
