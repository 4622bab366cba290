package endpoint

import (
	"net/url"
	"strings"
)

// Listed reports whether the endpoint is the list of models, or one model of
// it; "" for all. Vertex AI's clients ask for publishers/google/models.
func (e *Endpoint) Listed() (model string, ok bool) {
	name, ok := strings.CutPrefix(strings.TrimPrefix(e.inProject(), "publishers/google/"), "models")
	if !ok || name != "" && name[0] != '/' {
		return "", false
	}
	model, err := url.PathUnescape(strings.TrimPrefix(name, "/"))
	return strings.TrimPrefix(model, "models/"), err == nil
}

// Publishers reports whether the list of models is Vertex AI's.
func (e *Endpoint) Publishers() bool { return strings.HasPrefix(e.inProject(), "publishers/") }

// IsCodex reports whether a request for models is Codex's.
func (e *Endpoint) IsCodex() bool {
	q, _ := url.ParseQuery(e.Query) // an invalid query counts as empty
	return q.Has("client_version")
}
