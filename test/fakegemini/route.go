package fakegemini

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// method is what a path asks of a model.
type method string

const (
	generate method = "generateContent"
	stream   method = "streamGenerateContent"
	count    method = "countTokens"
	embed    method = "embedContent"
	batch    method = "batchEmbedContents"
	predict  method = "predict"
	getModel method = "get"
	list     method = "list"
)

// target is where a request is addressed.
type target struct {
	vertex   bool
	version  string // v1, v1beta or v1beta1
	project  string // Vertex, empty in express mode
	location string
	model    string // without any prefix; empty for list
	method   method
}

// namespace is the proto package that type errors name.
func (t target) namespace() string {
	switch {
	case !t.vertex:
		return "google.ai.generativelanguage." + t.version
	case t.version == "v1":
		return "google.cloud.aiplatform.v1"
	}
	return "google.cloud.aiplatform.v1beta1"
}

// framing is how a generate reply is laid out on the wire.
type framing uint8

const (
	unary framing = iota // one JSON document
	sse                  // events, lines ended with CRLF
	array                // a JSON array that grows: a stream without alt=sse
)

// parseTarget reads a request's method and path. Anything that is not exactly
// one of the known routes is not found; a model segment with an escaped slash
// or a dot segment too.
func parseTarget(r *http.Request) (target, bool) {
	segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, "/\\?#%") {
			return target{}, false
		}
		segments[i] = plain
	}
	t := target{version: segments[0]}
	rest := segments[1:]
	switch {
	case len(rest) > 0 && rest[0] == "models" && (t.version == "v1beta" || t.version == "v1"):
		rest = rest[1:]
	case t.version == "v1" || t.version == "v1beta1":
		t.vertex = true
		if rest = t.vertexPrefix(rest); rest == nil {
			return target{}, false
		}
	default:
		return target{}, false
	}
	return t.action(r.Method, rest)
}

// vertexPrefix consumes [projects/P/locations/L/]publishers/google/models.
func (t *target) vertexPrefix(s []string) []string {
	if len(s) >= 4 && s[0] == "projects" && s[2] == "locations" {
		t.project, t.location, s = s[1], s[3], s[4:]
	}
	if len(s) < 3 || s[0] != "publishers" || s[1] != "google" || s[2] != "models" {
		return nil
	}
	return s[3:]
}

var modelSegment = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (t target) action(verb string, rest []string) (target, bool) {
	if len(rest) == 0 {
		t.method = list
		return t, verb == http.MethodGet
	}
	if len(rest) != 1 {
		return target{}, false
	}
	model, action, called := strings.Cut(rest[0], ":")
	if !modelSegment.MatchString(model) {
		return target{}, false
	}
	t.model, t.method = model, method(action)
	if !called {
		t.method = getModel
		return t, verb == http.MethodGet
	}
	known := t.method == generate || t.method == stream || t.method == count || t.embeds()
	return t, known && verb == http.MethodPost
}

// framing reads the query's alt; $alt is the system parameter's other name.
func (t target) framing(q url.Values) framing {
	alt := q.Get("alt")
	switch {
	case t.method != stream:
		return unary
	case alt == "sse":
		return sse
	}
	return array
}

// intEnums reports that the client asked for numbers in place of enum names, as
// in $alt=json;enum-encoding%3Dint. Package url drops parameters with a
// semicolon, so this reads the raw query.
func intEnums(rawQuery string) bool {
	for param := range strings.SplitSeq(rawQuery, "&") {
		plain, err := url.QueryUnescape(param)
		if err == nil && strings.HasPrefix(plain, "$alt=") && strings.Contains(plain, "enum-encoding=int") {
			return true
		}
	}
	return false
}
