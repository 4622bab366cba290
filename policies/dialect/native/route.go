package native

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// versions are the API versions that clients are known to ask for. Which one
// goes upstream is the backend's business.
var versions = map[string]bool{"v1": true, "v1alpha": true, "v1beta": true, "v1beta1": true}

// Match implements dialect.Dialect. The paths are
//
//	/{version}/models/{model}:{method}                              AI Studio
//	/{version}/publishers/google/models/{model}:{method}            Vertex AI, express mode
//	/{version}/projects/P/locations/L/publishers/google/models/{model}:{method}
//
// Project and location are the client's own; the backend's are used. A model's
// name may have slashes, as in google/gemini-3.8-flash: what it means is decided
// where models are chosen.
func (d *Dialect) Match(verb, path string) (dialect.Route, bool) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if verb != http.MethodPost || !versions[segments[0]] {
		return dialect.Route{}, false
	}
	s := segments[1:]
	if len(s) > 4 && s[0] == "projects" && s[2] == "locations" {
		s = s[4:]
	}
	if len(s) > 2 && s[0] == "publishers" && s[1] == "google" {
		s = s[2:]
	}
	if len(s) < 2 || s[0] != "models" {
		return dialect.Route{}, false
	}
	// Some clients escape the colon. What else was escaped is checked as
	// part of the model's name.
	name, err := url.PathUnescape(strings.Join(s[1:], "/"))
	if err != nil {
		return dialect.Route{}, false
	}
	colon := strings.LastIndexByte(name, ':')
	if colon < 1 {
		return dialect.Route{}, false
	}
	route := dialect.Route{Model: strings.Clone(name[:colon])} // is remembered, the path is not
	switch method := name[colon+1:]; method {
	case "generateContent":
	case "streamGenerateContent":
		route.Stream = true
	case "countTokens":
		route.Operation = conversation.CountTokens
	case embedContent, batchEmbedContents:
		route.Operation, route.Method = conversation.Embed, method
	case predict: // the method of other models, too
		if !strings.Contains(route.Model, "embedding") {
			return dialect.Route{}, false
		}
		route.Operation, route.Method = conversation.Embed, method
	default:
		return dialect.Route{}, false
	}
	return route, true
}
