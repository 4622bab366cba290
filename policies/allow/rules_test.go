package allow

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestFileURIs(t *testing.T) {
	bucket := []string{"gs://docs/open/", "gs://docs/one.pdf", "https://files.example.org/a", "files/own-"}
	for _, c := range []struct {
		uri    string
		rules  []string // nil for the default
		allows bool
	}{
		{"https://example.org/a.png", nil, true},
		{"HTTPS://Example.org", nil, true},
		{"http://example.org:8080/a?b=c#d", nil, true},
		{"https://www.youtube.com/watch?v=abc", nil, true},
		{"https://storage.googleapis.com/bucket/object", nil, true},
		{"https://8.8.8.8/a", nil, true},
		{"gs://bucket/object", nil, false},
		{"GS://bucket/object", nil, false},
		{"https://generativelanguage.googleapis.com/v1beta/files/abc", nil, false},
		{"https://GenerativeLanguage.googleapis.com./v1beta/files/abc", nil, false},
		{"https://generativelanguage.googleapis.com:443/v1beta/files/abc", nil, false},
		{"https://x:y@generativelanguage.googleapis.com/v1beta/files/abc", nil, false},
		{"https://generativelanguage%2egoogleapis.com/v1beta/files/abc", nil, false},
		{"https://generativelanguage。googleapis.com/v1beta/files/abc", nil, false},
		{"https://example.org@generativelanguage.googleapis.com/v1beta/files/abc", nil, false},
		{"https://storage.cloud.google.com/bucket/object", nil, false},
		{"https://metadata.google.internal/x", nil, false},
		{"http://localhost/x", nil, false}, {"http://127.0.0.1/x", nil, false}, {"http://10.0.0.1/x", nil, false}, {"http://169.254.169.254/x", nil, false},
		{"http://[::ffff:127.0.0.1]/x", nil, false},
		{"https://generativelanguage.googleapis.com.:0443/v1beta/files/abc", nil, false},
		{"https://generativelanguage.googleapis.com.:443/v1beta/files/abc", nil, false},
		{"https://generativelanguage.googleapis.com.:8443/v1beta/files/abc", nil, false},
		{"http://metadata.google.internal.:8080/", nil, false}, {"http://metadata.google.internal../", nil, false}, {"http://metadata.google.internal.../", nil, false}, {"http://.metadata.google.internal/", nil, false},
		{"http://127.1/", nil, false}, {"http://0x7f.1/", nil, false}, {"http://1.0x7f000001/", nil, false}, {"http://0x7f.0x1/", nil, false}, {"http://169.254.43518/", nil, false},
		{"http://0177.0.0.1/", nil, false}, {"http://8.8.2056/", nil, false}, {"http://2130706433/", nil, false}, {"http://127.1.:80/", nil, false}, {"http://127.0.0.1./", nil, false},
		{"http://100.64.0.1/", nil, false}, {"http://100.127.255.254:8080/", nil, false}, {"http://0.0.0.0/", nil, false}, {"http://224.0.0.1/", nil, false}, {"http://100.128.0.1/", nil, true},
		{"http://foo.svc/", nil, false}, {"http://foo.ns.svc:80/", nil, false}, {"http://db.corp/x", nil, false}, {"http://db.lan./x", nil, false}, {"http://x.localhost/", nil, false},
		{"http://example.org:/x", nil, false}, {"http://example.org:080/x", nil, false}, {"http://example.org:99999/x", nil, false}, {"http://example.org:80:80/x", nil, false}, {"http://example.org:+80/", nil, false},
		{"http://example.org.:8080/x", nil, true}, {"https://example.org:443/x", nil, true},
		{"files/abc", nil, false},
		{"ftp://example.org/x", nil, false},
		{"https:example.org", nil, false}, {`https:\\example.org`, nil, false}, {"//example.org/x", nil, false}, {" https://example.org", nil, false}, {"ht\ntps://example.org", nil, false},
		{"", nil, false}, {"https://", nil, false},
		{"https://example.org/a\x7f", nil, false}, {"https://example.org/\x1f", nil, false}, {"https://example.org/!~", nil, true},
		{`https://example.org/%5c`, nil, false}, {"https://example.org/%zz", nil, false}, {"https://example.org/a/./b", nil, false},
		{"https://example.org?a=../b", nil, true}, {"https://example.org#../b", nil, true}, {"https://example.org/#/../b", nil, true}, {"https://example.org/?/../b", nil, true}, {"https://example.org/a?b#../c", nil, true},
		{"http://example.org:80/a", []string{"http://example.org/"}, true}, {"https://example.org:443/a", []string{"https://example.org/"}, true},
		{"http://example.org:443/a", []string{"http://example.org/"}, false}, {"https://example.org./a", []string{"https://example.org"}, true},
		{"https://example.org:443/a", []string{"https://example.org:443/a"}, true}, {"https://example.org:8080/a", []string{"https://example.org:8080/"}, true},
		{"https://intranet/x", nil, false}, {"https://printer.local/x", nil, false}, {"https://a.localhost/x", nil, false}, {"https://googleapis.com/x", nil, false},
		{"https://www.googleapis.com:8443/x", nil, false}, {"https://notgoogleapis.com/x", nil, true}, {"https://local.example.org/x", nil, true},
		{"https://storage.googleapis.com:8443/x", nil, true}, {"https://a.storage.googleapis.com/x", nil, false}, {"https://224.0.0.1/x", nil, false},
		{"https://a_b-c.example.org/x", nil, true}, {"https://a*b.example.org/x", nil, false}, {"://example.org/x", []string{"://example.org"}, false},

		{"gs://docs/open/a.pdf", bucket, true},
		{"gs://docs/open/a/b?c#d", bucket, true},
		{"gs://docs/one.pdf", bucket, true},
		{"gs://docs/one.pdfx", bucket, false},
		{"gs://docs/opened/a.pdf", bucket, false},
		{"gs://docs/open/../secret.pdf", bucket, false},
		{"gs://Docs/open/a.pdf", bucket, false}, // buckets have no capitals
		{"gs://docs2/open/a.pdf", bucket, false},
		{"https://files.example.org/a", bucket, true},
		{"https://files.example.org/a/b", bucket, true},
		{"https://files.example.org/ab", bucket, false},
		{"https://files.example.org/a/..%2fb", bucket, false},
		{"https://files.example.org/a/%2e%2e/b", bucket, false},
		{"https://files.example.org.evil.example/a", bucket, false},
		{"https://files.example.org:8443/a", bucket, false},
		{"http://files.example.org/a", bucket, false},
		{"https://other.example.org/a", bucket, false},
		{"files/own-1", bucket, false}, // no segment ends there
		{"https://example.org/a", []string{}, false},
		{"https://example.org/a", []string{none}, false},
		{"none", []string{none}, false}, {"public", nil, false},
		{"https://example.org/a", []string{none, public}, true},
		{"files/abc", []string{"files/"}, true},
		{"files/abc", []string{"files"}, true}, {"files:abc", []string{"files:abc"}, false}, {"files/../a", []string{"files"}, false},
		{"gs://docs", []string{"gs://docs"}, true}, {"gs://docs/a", []string{"gs://docs"}, true}, {"gs://docs/a", []string{"gs://docs/"}, true}, {"gs://docs/a/", []string{"gs://docs/a/"}, true},
		{"gs://docs/a%2fb", []string{"gs://docs/a"}, false}, {"gs:///a", []string{"gs:///a"}, false},
		{"gs://bucket/object", []string{every}, true}, {"  ", []string{every}, true}, {"public", []string{public}, false},
		{"gs://bucket/object", []string{"gs://bucket/../", "files/"}, false},
	} {
		r := Rules{FileURIs: c.rules}.WithDefaults()
		keep, err := r.Check(conversation.Resource{Kind: conversation.ResourceFile, Field: "f", Name: c.uri})
		if keep != c.allows || (err == nil) != c.allows {
			t.Errorf("%q under %v: %v, %v", c.uri, c.rules, keep, err)
		}
	}
}

func TestCheck(t *testing.T) {
	tool := func(name string) conversation.Resource {
		return conversation.Resource{Kind: conversation.ResourceTool, Field: "f", Name: name}
	}
	of := func(kind conversation.ResourceKind) conversation.Resource {
		return conversation.Resource{Kind: kind, Field: "f", Name: "n"}
	}
	for _, c := range []struct {
		name    string
		rules   Rules
		in      conversation.Resource
		keep    bool
		setting string // named by the refusal; "" for none
	}{
		{"search", Rules{}, tool("google_search"), true, ""},
		{"retrieval", Rules{}, tool("retrieval"), false, "allow.tools"},
		{"file search", Rules{}, tool("file_search"), false, "allow.tools"},
		{"unheard of", Rules{}, tool("new_thing"), false, "allow.tools"},
		{"listed", Rules{Tools: []string{"retrieval"}}, tool("retrieval"), true, ""},
		{"not listed", Rules{Tools: []string{"retrieval"}}, tool("google_search"), false, "allow.tools"},
		{"any", Rules{Tools: []string{every}}, tool("new_thing"), true, ""},
		{"none", Rules{Tools: []string{none}}, tool("google_search"), false, "allow.tools"},
		{"cache", Rules{}, of(conversation.ResourceCache), false, "allow.cached_contents"},
		{"cache, none", Rules{CachedContents: none}, of(conversation.ResourceCache), false, "allow.cached_contents"},
		{"cache, any", Rules{CachedContents: every}, of(conversation.ResourceCache), true, ""},
		{"safety", Rules{}, of(conversation.ResourceSafety), true, ""},
		{"safety, gateway's", Rules{Safety: gateway}, of(conversation.ResourceSafety), false, "allow.safety"},
		{"armor", Rules{}, of(conversation.ResourceArmor), false, "allow.safety"},
		{"armor, any", Rules{Safety: every}, of(conversation.ResourceArmor), true, ""},
		{"tier", Rules{}, conversation.Resource{Kind: conversation.ResourceTier, Field: "f", Name: "flex"}, true, ""},
		{"dear tier", Rules{}, conversation.Resource{Kind: conversation.ResourceTier, Field: "f", Name: "priority"}, false, ""},
		{"dear tier, allowed", Rules{Tiers: []string{"priority"}}, conversation.Resource{Kind: conversation.ResourceTier, Field: "f", Name: "priority"}, true, ""},
		{"unheard of tier", Rules{}, conversation.Resource{Kind: conversation.ResourceTier, Field: "f", Name: "3"}, false, ""},
		{"labels", Rules{}, of(conversation.ResourceLabels), false, ""},
		{"labels, allowed", Rules{Labels: true}, of(conversation.ResourceLabels), true, ""},
	} {
		r := c.rules.WithDefaults()
		keep, err := r.Check(c.in)
		var e *conversation.Error
		if errors.As(err, &e); keep != c.keep || (e != nil) != (c.setting != "") || e != nil && (e.Param != "f" || e.Kind != conversation.ErrInvalid || !e.NoRetry || !strings.Contains(e.Message, c.setting)) {
			t.Errorf("%s: %v, %v", c.name, keep, err)
		}
	}
}

// Each rule that is set stays, and each that is not gets its own default.
func TestWithDefaults(t *testing.T) {
	want := Rules{FileURIs: []string{"public"}, Tools: DefaultTools, CachedContents: "own", Safety: "client", Tiers: []string{"standard", "flex"}}
	if got := (Rules{}).WithDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	set := Rules{FileURIs: []string{}, Tools: []string{}, CachedContents: "any", Safety: "gateway", Labels: true, Tiers: []string{"any"}}
	if got := set.WithDefaults(); !reflect.DeepEqual(got, set) {
		t.Errorf("got %+v, want %+v", got, set)
	}
}

// A refusal repeats no more than 64 bytes of a name.
func TestRefusalsShortenNames(t *testing.T) {
	r := Rules{}.WithDefaults()
	for _, c := range []struct{ name, want string }{
		{strings.Repeat("x", 64), `"` + strings.Repeat("x", 64) + `"`},
		{strings.Repeat("x", 65), `"` + strings.Repeat("x", 64) + `"`},
	} {
		if _, err := r.Check(conversation.Resource{Kind: conversation.ResourceTool, Name: c.name}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v", len(c.name), err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		rules Rules
		want  string
	}{
		{Rules{}, ""},
		{Rules{FileURIs: []string{"public", "any", "none", "gs://b/x", "https://h/x", "files/own"}}, ""},
		{Rules{Tools: []string{"any", "none", "azaz_09"}, CachedContents: "own", Safety: "client", Tiers: []string{"standard", "flex"}}, ""},
		{Rules{CachedContents: "none", Safety: "gateway"}, ""},
		{Rules{CachedContents: "any", Safety: "any"}, ""},
		{Rules{FileURIs: []string{""}}, "p.file_uris"},
		{Rules{FileURIs: []string{"public", "gs:x"}}, "p.file_uris"},
		{Rules{Tools: []string{""}}, "p.tools"},
		{Rules{Tools: []string{"any", "a-b"}}, "p.tools"},
		{Rules{FileURIs: []string{"gs://b/x y"}}, "p.file_uris"},
		{Rules{FileURIs: []string{"https://u@h/x"}}, "p.file_uris"},
		{Rules{Tools: []string{"googleSearch"}}, "p.tools"},
		{Rules{CachedContents: "all"}, "p.cached_contents"},
		{Rules{Safety: "off"}, "p.safety"},
		{Rules{Tiers: []string{"fast"}}, "p.tiers"},
	} {
		if err := c.rules.WithDefaults().Validate("p"); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.rules, err)
		}
	}
}

// telling are parts of names that a resource, an address or a project may have.
var telling = regexp.MustCompile(`(?i)ur[il]|project|bucket|corp(us|ora)|store|cached|endpoint|engine|template|label|secret|server|transport|safety|armor|account|credential|auth|index|file`)

// harmless are fields with such a name that name nothing.
var harmless = []string{
	"toolConfig.includeServerSideToolInvocations", // whether calls are shown
}

// A field of the API's schema that looks as if it named a resource is among
// Fields, so that a new one cannot slip through.
func TestFieldsOfTheSchemaAreKnown(t *testing.T) {
	data, err := os.ReadFile("../../test/fakegemini/schema-v1beta.json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]json.RawMessage
	if err := json.Unmarshal(data, &messages); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(message, path string, above []string)
	walk = func(message, path string, above []string) {
		var fields map[string]json.RawMessage
		if slices.Contains(above, message) || json.Unmarshal(messages[message], &fields) != nil {
			return
		}
		for name, raw := range fields {
			var kind string
			if json.Unmarshal(raw, &kind) != nil || message == "Schema" {
				continue // _oneof and the like
			}
			at := name
			if strings.HasPrefix(kind, "[]") {
				at += "[]"
			}
			if path != "" {
				at = path + "." + at
			}
			if telling.MatchString(name) {
				seen++
				if !known(at) {
					t.Errorf("%s looks as if it named a resource; put it into Fields and let the repair of native bodies ask for it, or into the test's list of harmless ones", at)
				}
			}
			if _, inner, ok := strings.Cut(kind, "$"); ok {
				walk(inner, at, append(above, message))
			}
		}
	}
	walk("GenerateContentRequest", "", nil)
	if seen < 5 {
		t.Errorf("only %d fields look like it: the test does not find them", seen)
	}
	for _, tool := range []string{"googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "computerUse", "fileSearch", "googleMaps", "mcpServers"} {
		if !strings.Contains(string(messages["Tool"]), `"`+tool+`"`) {
			t.Errorf("tool %s is gone from the schema", tool)
		}
	}
}

// known reports whether a field is among Fields, within one, or around one.
func known(at string) bool {
	for _, f := range Fields {
		path := strings.TrimSuffix(f.Path, "*")
		if functions := strings.HasPrefix(at, "tools[].functionDeclarations"); !functions && strings.HasPrefix(at, path) || strings.HasPrefix(path, at+".") {
			return true
		}
	}
	return slices.ContainsFunc(harmless, func(h string) bool { return strings.HasPrefix(at, h) })
}
