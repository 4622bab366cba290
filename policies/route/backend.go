package route

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
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
	// Name is that of the backend and, unless cluster says otherwise, of its Envoy
	// cluster.
	Name string `yaml:"name"`
	// Kind says which API the backend speaks: ai_studio or vertex.
	Kind Kind `yaml:"kind"`
	// URL is the endpoint: its host becomes :authority; `heald up` and
	// `heald envoy` also make the cluster from it. Default: Google's own.
	URL string `yaml:"url" text:"address"`
	// Version is the API version in paths; default v1beta for ai_studio, v1
	// for vertex.
	Version string `yaml:"version"`
	// Project is the Google Cloud project that Vertex AI is asked in.
	Project string `yaml:"project"`
	// Location is Vertex AI's, such as europe-west4; default global.
	Location string `yaml:"location"`
	// Priority says in which order backends are asked, the lowest first. Those of
	// the same one share the load, except those of 0, which come before all
	// others, in the order of the list; default 0.
	Priority int `yaml:"priority" unit:"-"`
	// Models are the models served; default: all.
	Models []string `yaml:"models"`
	// Proxy is the CONNECT proxy through which Envoy reaches the backend, as in
	// http://proxy.example:3128. Default: none; heald up takes that of the
	// environment. heald names it where it fails, and heald up and heald envoy
	// lead there.
	Proxy string `yaml:"proxy" text:"address" secret:"backends[].proxy_login"`
	// Cluster is the value of x-heald-cluster; default: the name. Meshes whose
	// clusters have other names set it.
	Cluster string `yaml:"cluster"`
}

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

// QuotaPlace is the place at Google whose quotas apply to projects at the
// backend.
func (b *Backend) QuotaPlace() string {
	if b.Kind == Vertex {
		return "vertex/" + b.Location
	}
	return string(b.Kind)
}

// vertexURL is Vertex AI's endpoint for a location.
func vertexURL(location string) string {
	if location == "global" {
		return "https://aiplatform.googleapis.com"
	}
	return "https://" + location + "-aiplatform.googleapis.com"
}

// Authority is the host that requests to the backend carry.
func (b *Backend) Authority() string {
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// PlainText reports whether the backend is reached without TLS.
func (b *Backend) PlainText() bool { return strings.HasPrefix(b.URL, "http://") }

// ProxyHost is the proxy as errors name it; "" for none.
func (b *Backend) ProxyHost() string {
	u, err := url.Parse(b.Proxy)
	if err != nil {
		return ""
	}
	return u.Host
}

// Class scopes signatures: one made at another class of backend is refused. It
// is part of carriers, which clients can read, so it does not name the project.
func (b *Backend) Class() string {
	if b.Project == "" {
		return string(b.Kind)
	}
	sum := sha256.Sum256([]byte(b.Project))
	return string(b.Kind) + "/" + hex.EncodeToString(sum[:4])
}

// Target is a model at the backend.
func (b *Backend) Target(model string) gemini.Target {
	t := gemini.Target{Kind: gemini.AIStudio, Version: b.Version, Model: model}
	if b.Kind == Vertex {
		t.Kind, t.Project, t.Location = gemini.Vertex, b.Project, b.Location
	}
	return t
}

// Serves reports whether the model may be asked for at the backend.
func (b *Backend) Serves(model string) bool {
	return len(b.Models) == 0 || slices.Contains(b.Models, model)
}
