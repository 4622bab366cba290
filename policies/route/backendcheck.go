package route

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

var (
	nameSyntax    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	projectSyntax = regexp.MustCompile(`^[a-z0-9][a-z0-9:.-]*$`)
	versionSyntax = regexp.MustCompile(`^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$`)
	// Meshes name clusters by themselves, as in outbound|443||api.example; commas
	// and semicolons would end one in x-heald-backends.
	clusterSyntax = regexp.MustCompile(`^[!-+\--:<-~]{1,250}$`)
)

// Validate lists every fault of the backend, with path as prefix.
func (b Backend) Validate(path string) error {
	var errs []error
	bad := func(field, found, consequence, fix string) {
		errs = append(errs, &setting.Problem{Path: path + "." + field, Found: found, Consequence: consequence, Fix: fix})
	}
	if !nameSyntax.MatchString(b.Name) || redact.Secret(b.Name) {
		bad("name", redact.Quote(b.Name)+" is no cluster name", "", "use letters, digits, '.', '_' and '-'")
	}
	if b.Priority < 0 {
		bad("priority", fmt.Sprintf("%d is negative", b.Priority), "", "write a number above 0, or leave the line out for the order of the list")
	}
	switch b.Kind {
	case AIStudio:
	case Vertex:
		if b.Project == "" {
			bad("project", "is empty", "Vertex AI has no path without one", "write the id of the Google Cloud project")
		}
		for field, v := range map[string]string{"project": b.Project, "location": b.Location} {
			if v != "" && !projectSyntax.MatchString(v) {
				bad(field, redact.Quote(v)+" is no Google Cloud "+field, "", "use small letters, digits and '-'")
			}
		}
	default:
		bad("kind", fmt.Sprintf("%s is neither %q nor %q", redact.Quote(string(b.Kind)), AIStudio, Vertex), "", "write one of the two")
	}
	for _, m := range b.Models {
		if err := gemini.ValidModel(m); err != nil {
			bad("models", redact.Quote(m)+": "+err.Error(), "no request could be served by it", "write names such as gemini-3.5-flash")
		}
	}
	if b.Version != "" && !versionSyntax.MatchString(b.Version) {
		bad("version", redact.Quote(b.Version)+" is no version of an API", "it becomes a part of the path, and would lead elsewhere", "write it as in v1beta")
	}
	if b.Cluster != b.Name && !clusterSyntax.MatchString(b.Cluster) {
		bad("cluster", redact.Quote(b.Cluster)+" is no name of an Envoy cluster", "it travels in a header", "use no spaces, commas, semicolons and control characters")
	}
	errs = append(errs, b.validateURL(path+".url"), ValidateProxy(path+".proxy", b.Proxy))
	return errors.Join(errs...)
}

// validateURL checks where requests, and the credentials with them, would go.
func (b Backend) validateURL(path string) error {
	if b.URL == "" {
		return nil
	}
	const form = "give scheme and host only, as in https://generativelanguage.googleapis.com; heald makes the path"
	u, err := url.Parse(b.URL)
	p := &setting.Problem{Path: path, Fix: form}
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.Found = redact.Quote(b.URL) + " is no http or https address"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		// Not repeated: it may be a credential.
		p.Found, p.Consequence = "has a user, a password or a query", "they would be printed with the configuration and never be sent"
		p.Fix = "put the credential into a variable or file, name that under accounts[].secret, and " + form
	case u.Path != "" && u.Path != "/":
		p.Found = redact.Quote(b.URL) + " has a path"
	case u.Scheme == "http" && !redact.Internal(u.Host):
		p.Found, p.Consequence = redact.Quote(b.URL)+" is a public host without TLS", "the account's credential and all prompts would travel unencrypted"
		p.Fix = "write https://" + u.Host + ", also where a mesh adds TLS; http is for loopback and private networks"
	default:
		return nil
	}
	return p
}

// ParseBackend reads NAME=KIND,URL[,key=value…], the form that flags and the
// x-heald-backends header use; an empty URL means Google's own address.
func ParseBackend(s string) (Backend, error) {
	const form = "want NAME=KIND,URL[,key=value…], as in eu=vertex,https://europe-west4-aiplatform.googleapis.com,project=p,location=europe-west4"
	name, rest, ok := strings.Cut(strings.TrimSpace(s), "=")
	if !ok {
		return Backend{}, &setting.Problem{Path: "backend", Found: redact.Quote(s) + " names no kind", Fix: form}
	}
	fields := strings.Split(rest, ",")
	b := Backend{Name: name, Kind: Kind(fields[0])}
	for i, f := range fields[1:] {
		key, value, pair := strings.Cut(f, "=")
		switch {
		case i == 0 && !pair:
			b.URL = f
		case !pair:
			return Backend{}, &setting.Problem{Path: "backend " + redact.Quote(name), Found: redact.Quote(f) + " has no value", Fix: form}
		case key == "project":
			b.Project = value
		case key == "location":
			b.Location = value
		case key == "version":
			b.Version = value
		case key == "cluster":
			b.Cluster = value
		case key == "proxy":
			b.Proxy = value
		case key == "models":
			b.Models = strings.Split(value, "|")
		default:
			return Backend{}, &setting.Problem{Path: "backend " + redact.Quote(name),
				Found: redact.Quote(f) + " is none of project, location, version, cluster, proxy, models", Fix: form}
		}
	}
	b = b.WithDefaults()
	return b, b.Validate("backend " + redact.Quote(name))
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
