package gemini

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Kind says which of Google's two APIs a target is.
type Kind uint8

// The kinds of targets.
const (
	AIStudio Kind = iota
	Vertex
)

// Target is one model at one API.
type Target struct {
	Kind Kind
	// Version is the API version; "" means v1beta at AI Studio, v1 at Vertex.
	Version string
	// Project and Location are Vertex's; with no project the path is that of
	// express mode, where the API key names the project.
	Project, Location string
	// Model may carry the prefix "models/".
	Model string
}

// Path returns the request path of op, with its query.
func (t Target) Path(op conversation.Operation, stream bool) string {
	method := ":generateContent"
	switch {
	case op == conversation.CountTokens:
		method = ":countTokens"
	case stream:
		// Without alt=sse a stream is one long JSON array.
		method = ":streamGenerateContent?alt=sse"
	}
	return t.prefix() + bareModel(t.Model) + method
}

func (t Target) prefix() string {
	version := t.Version
	switch {
	case t.Kind == AIStudio && version == "":
		version = "v1beta"
	case version == "":
		version = "v1"
	}
	switch {
	case t.Kind == AIStudio:
		return "/" + version + "/models/"
	case t.Project == "":
		return "/" + version + "/publishers/google/models/"
	}
	return "/" + version + "/projects/" + t.Project + "/locations/" + t.Location + "/publishers/google/models/"
}

// listPage is how many models a page of a list has at most; AI Studio gives no
// more.
const listPage = "1000"

// ListPath returns the path of one page of the models at the target's API; token
// is that of the page, "" for the first. Vertex lists what Google publishes, for
// every project the same, and in no other version of its API.
func (t Target) ListPath(token string) string {
	path := "/v1beta1/publishers/google/models"
	if t.Kind == AIStudio {
		path = strings.TrimSuffix(t.prefix(), "/")
	}
	path += "?pageSize=" + listPage
	if token != "" {
		path += "&pageToken=" + url.QueryEscape(token)
	}
	return path
}

// CallIDs reports whether calls and answers carry ids. AI Studio takes them for
// all models. At Vertex AI, Gemini 3 answers a history without them with an
// empty reply; older models pair by position, and some of their endpoints do
// not know the field. omit says that the target has refused ids.
func (t Target) CallIDs(can Capability, omit bool) bool {
	return !omit && (t.Kind == AIStudio || can.CallIDs)
}

// Credential returns the header that carries secret: an API key, which both
// APIs take in the same header, or an OAuth access token.
func Credential(secret string, oauth bool) (name, value string) {
	if oauth {
		return "authorization", "Bearer " + secret
	}
	return "x-goog-api-key", secret
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// ValidModel reports why name cannot be a model's name. A name becomes part of
// a path, and it may come from a client, so characters with a meaning in paths
// are refused.
func ValidModel(name string) error {
	if !modelName.MatchString(bareModel(name)) {
		return errors.New("model name must be up to 128 letters, digits, '.', '_' and '-', and begin with a letter or digit")
	}
	return nil
}

func bareModel(name string) string { return strings.TrimPrefix(name, "models/") }
