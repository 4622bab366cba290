package allow

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Rules are the setting allow of a policy. The zero value of a field means its
// default.
type Rules struct {
	// FileURIs are prefixes of addresses that may be read: gs://bucket/folder/,
	// https://host/path; "public" stands for every public http and https
	// address, "any" for whatever there is, "none" for none. Default: public.
	FileURIs []string `yaml:"file_uris" text:"address"`
	// Tools are those that run upstream and may be used, by their field's name
	// (google_search, retrieval, file_search, …); default DefaultTools, which need no
	// right of the project. "any" for all, "none" for none. Functions of clients
	// always may.
	Tools []string `yaml:"tools"`
	// CachedContents says which cached contents may be named: own (default), none
	// or any. Whose content it is cannot be told, so own refuses as well.
	CachedContents string `yaml:"cached_contents"`
	// Safety says whose safety settings count: "client" (default) lets clients
	// send thresholds, "gateway" refuses them, "any" also lets clients name
	// Model Armor templates.
	Safety string `yaml:"safety"`
	// Labels lets clients set labels, and whether the request is stored; both
	// are the project's. Otherwise they are left out.
	Labels bool `yaml:"labels"`
	// Tiers are the service tiers that clients may ask for: standard, flex,
	// priority, which costs more, or "any" for all. Default: DefaultTiers. Another
	// one is left out with a warning, so the standard tier serves the request.
	Tiers []string `yaml:"tiers"`
}

// Values of the rules.
const (
	public  = "public"
	none    = "none"
	ownOnly = "own"
	every   = "any"
	client  = "client"
	gateway = "gateway"
)

// DefaultTools need no right of the project: they search and read what is
// public, or run what the request brings along.
var DefaultTools = []string{
	"code_execution", "computer_use", "enterprise_web_search", "google_maps",
	"google_search", "google_search_retrieval", "mcp_servers", "url_context",
}

// DefaultTiers cost no more than the standard one does.
var DefaultTiers = []string{"standard", "flex"}

// WithDefaults fills what is not set.
func (r Rules) WithDefaults() Rules {
	if r.FileURIs == nil {
		r.FileURIs = []string{public}
	}
	if r.Tools == nil {
		r.Tools = DefaultTools
	}
	if r.CachedContents == "" {
		r.CachedContents = ownOnly
	}
	if r.Safety == "" {
		r.Safety = client
	}
	if r.Tiers == nil {
		r.Tiers = DefaultTiers
	}
	return r
}

// Validate lists every invalid rule, with path as prefix.
func (r Rules) Validate(path string) error {
	var errs []error
	bad := func(name, found, fix string) {
		errs = append(errs, &setting.Problem{Path: path + "." + name, Found: found, Fix: fix})
	}
	for _, prefix := range r.FileURIs {
		if !slices.Contains([]string{public, every, none}, prefix) && !validPrefix(prefix) {
			bad("file_uris", redact.Quote(prefix)+" is no address", fmt.Sprintf("write gs://bucket/folder/, https://host/path, %q, %q or %q", public, every, none))
		}
	}
	for _, name := range r.Tools {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || name == "" {
			bad("tools", redact.Quote(name)+" is no name of a tool", "write it as in google_search")
		}
	}
	if words := []string{ownOnly, none, every}; !slices.Contains(words, r.CachedContents) {
		bad("cached_contents", fmt.Sprintf("%s is none of %q", redact.Quote(r.CachedContents), words), "write one of them")
	}
	if words := []string{client, gateway, every}; !slices.Contains(words, r.Safety) {
		bad("safety", fmt.Sprintf("%s is none of %q", redact.Quote(r.Safety), words), "write one of them")
	}
	for _, tier := range r.Tiers {
		if words := []string{"standard", "flex", "priority", every}; !slices.Contains(words, tier) {
			bad("tiers", fmt.Sprintf("%s is none of %q", redact.Quote(tier), words), "write one or more of them")
		}
	}
	return errors.Join(errs...)
}

// Dropped says why a resource was left out.
func Dropped(kind conversation.ResourceKind) string {
	if kind == conversation.ResourceTier {
		return "left out: this gateway does not let clients ask for this tier (setting allow.tiers)"
	}
	return "left out: it counts for the gateway's project (setting allow.labels)"
}

// Check decides on a resource: it goes upstream, is left out, or refuses the
// request with an error that names the field and the setting.
func (r *Rules) Check(res conversation.Resource) (keep bool, err error) {
	switch res.Kind {
	case conversation.ResourceFile:
		if !r.reads(res.Name) {
			return false, refuse(res, "this gateway does not let clients read this address", "allow.file_uris")
		}
	case conversation.ResourceCache:
		switch r.CachedContents {
		case every:
		case ownOnly:
			return false, refuse(res, "whose cached content it is cannot be told, so none may be used", "allow.cached_contents")
		default:
			return false, refuse(res, "this gateway does not let clients use cached content", "allow.cached_contents")
		}
	case conversation.ResourceTool:
		if !slices.Contains(r.Tools, res.Name) && !slices.Contains(r.Tools, every) {
			return false, refuse(res, "this gateway does not let clients use the tool "+strconv.Quote(shorten(res.Name)), "allow.tools")
		}
	case conversation.ResourceArmor:
		if r.Safety != every {
			return false, refuse(res, "this gateway does not let clients name Model Armor templates", "allow.safety")
		}
	case conversation.ResourceSafety:
		if r.Safety == gateway {
			return false, refuse(res, "this gateway does not let clients set safety settings", "allow.safety")
		}
	case conversation.ResourceLabels:
		return r.Labels, nil
	case conversation.ResourceTier:
		return slices.Contains(r.Tiers, res.Name) || slices.Contains(r.Tiers, every), nil
	}
	return true, nil
}

// refuse returns the error of a refusal. It is an invalid request, not one of
// permissions: the request must change, not the client's key.
func refuse(res conversation.Resource, why, setting string) error {
	return &conversation.Error{
		Kind: conversation.ErrInvalid, Param: res.Field, NoRetry: true,
		Message: res.Field + ": " + why + " (setting " + setting + ")",
	}
}

// maxName bounds how much of a client's name a message repeats.
const maxName = 64

func shorten(name string) string { return name[:min(len(name), maxName)] }
