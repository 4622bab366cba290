package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Kind is what API a backend speaks.
type Kind string

// The kinds of backends.
const (
	AIStudio Kind = "ai_studio"
	Vertex   Kind = "vertex"
)

// Backend is one upstream endpoint. Its name is the name of its Envoy cluster.
type Backend struct {
	Name string `yaml:"name"`
	Kind Kind   `yaml:"kind"`
	// URL is the endpoint: its host becomes :authority; `heald up` and
	// `heald envoy` also make the cluster from it. Default: Google's own.
	URL string `yaml:"url"`
	// Version is the API version in paths; default v1beta for ai_studio, v1
	// for vertex.
	Version string `yaml:"version"`
	// Project and Location are Vertex AI's.
	Project  string `yaml:"project"`
	Location string `yaml:"location"`
	// Models are the models served; empty for all.
	Models []string `yaml:"models"`
	// Cluster is the value of x-heald-cluster; default Name. Meshes whose
	// clusters have other names set it.
	Cluster string `yaml:"cluster"`
}

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// WithDefaults fills what follows from the kind.
func (b Backend) WithDefaults() Backend {
	fill(&b.Cluster, b.Name)
	switch b.Kind {
	case AIStudio:
		fill(&b.Version, "v1beta")
		fill(&b.URL, "https://generativelanguage.googleapis.com")
	case Vertex:
		fill(&b.Version, "v1")
		fill(&b.Location, "global")
		if b.URL == "" {
			b.URL = vertexURL(b.Location)
		}
	}
	return b
}

// vertexURL is Vertex AI's endpoint for a location.
func vertexURL(location string) string {
	if location == "global" {
		return "https://aiplatform.googleapis.com"
	}
	return "https://" + location + "-aiplatform.googleapis.com"
}

// Validate names every fault of the backend, with path as prefix.
func (b Backend) Validate(path string) error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s.%s: %s", path, field, fmt.Sprintf(format, args...)))
	}
	if !nameSyntax.MatchString(b.Name) {
		bad("name", "%q is no cluster name; use letters, digits, '.', '_' and '-'", b.Name)
	}
	switch b.Kind {
	case AIStudio:
	case Vertex:
		if b.Project == "" {
			bad("project", "is empty; Vertex AI needs the Google Cloud project")
		}
		for field, v := range map[string]string{"project": b.Project, "location": b.Location} {
			if v != "" && !regexp.MustCompile(`^[a-z0-9][a-z0-9:.-]*$`).MatchString(v) {
				bad(field, "%q is no Google Cloud %s", v, field)
			}
		}
	default:
		bad("kind", "%q is neither %q nor %q", b.Kind, AIStudio, Vertex)
	}
	if u, err := url.Parse(b.URL); b.URL != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		bad("url", "%q is no http or https address", b.URL)
	} else if err == nil && u.Path != "" && u.Path != "/" {
		bad("url", "%q has a path; give scheme and host only, heald makes the path", b.URL)
	}
	return errors.Join(errs...)
}

// authority is the host that requests to the backend carry.
func (b *Backend) authority() string {
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// class scopes signatures: one made at another class of backend is refused. It
// stands in carriers, which clients can read: the project is not for them.
func (b *Backend) class() string {
	if b.Project == "" {
		return string(b.Kind)
	}
	sum := sha256.Sum256([]byte(b.Project))
	return string(b.Kind) + "/" + hex.EncodeToString(sum[:4])
}

func (b *Backend) serves(model string) bool {
	return len(b.Models) == 0 || slices.Contains(b.Models, model)
}

// ParseBackend reads NAME=KIND,URL[,key=value…], the form that flags and the
// x-heald-backends header use; an empty URL means Google's own address.
func ParseBackend(s string) (Backend, error) {
	const form = "want NAME=KIND,URL[,key=value…], as in eu=vertex,https://europe-west4-aiplatform.googleapis.com,project=p,location=europe-west4"
	name, rest, ok := strings.Cut(strings.TrimSpace(s), "=")
	if !ok {
		return Backend{}, fmt.Errorf("backend %q: %s", s, form)
	}
	fields := strings.Split(rest, ",")
	b := Backend{Name: name, Kind: Kind(fields[0])}
	for i, f := range fields[1:] {
		key, value, pair := strings.Cut(f, "=")
		switch {
		case i == 0 && !pair:
			b.URL = f
		case key == "project":
			b.Project = value
		case key == "location":
			b.Location = value
		case key == "version":
			b.Version = value
		case key == "cluster":
			b.Cluster = value
		case key == "models":
			b.Models = strings.Split(value, "|")
		default:
			return Backend{}, fmt.Errorf("backend %q: %q is none of project, location, version, cluster, models; %s", name, f, form)
		}
	}
	b = b.WithDefaults()
	return b, b.Validate("backend " + name)
}

// ParseBackends reads backends separated by semicolons.
func ParseBackends(list string) ([]Backend, error) {
	var out []Backend
	var errs []error
	for s := range strings.SplitSeq(list, ";") {
		if strings.TrimSpace(s) == "" {
			continue
		}
		b, err := ParseBackend(s)
		if err != nil {
			errs = append(errs, err)
		}
		out = append(out, b)
	}
	return out, errors.Join(errs...)
}
