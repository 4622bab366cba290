package tenant

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

func TestKeysOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers policies.Headers
		path    string
		want    []string
	}{
		{"nothing", nil, "/v1/messages", nil},
		{"Anthropic", policies.Headers{{Name: "x-api-key", Value: " k "}}, "/", []string{"k"}},
		{"OpenAI", policies.Headers{{Name: "authorization", Value: "Bearer k"}}, "/", []string{"k"}},
		{"a scheme in other letters", policies.Headers{{Name: "authorization", Value: " bearer  k "}}, "/", []string{"k"}},
		{"another scheme", policies.Headers{{Name: "authorization", Value: "Basic k"}}, "/", nil},
		{"a scheme alone", policies.Headers{{Name: "authorization", Value: "Bearer"}}, "/", nil},
		{"Azure", policies.Headers{{Name: "api-key", Value: "k"}}, "/", []string{"k"}},
		{"Google", policies.Headers{{Name: "x-goog-api-key", Value: "k"}}, "/", []string{"k"}},
		{"in the query", nil, "/v1beta/models?alt=sse&key=a%2Bb", []string{"a+b"}},
		{"in a query that is broken elsewhere", nil, "/x?a=%zz&key=k", []string{"k"}},
		{"empty", policies.Headers{{Name: "x-api-key", Value: " "}}, "/?key=", nil},
		{"the same twice", policies.Headers{{Name: "x-api-key", Value: "k"}, {Name: "authorization", Value: "Bearer k"}}, "/?key=k", []string{"k"}},
		{"two", policies.Headers{{Name: "x-api-key", Value: "k"}, {Name: "authorization", Value: "Bearer l"}}, "/", []string{"k", "l"}},
	} {
		if got := KeysOf(&policies.Request{Headers: c.headers, Path: c.path}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// However many keys a request shows, only some are looked at.
func TestKeysOfIsBounded(t *testing.T) {
	var headers policies.Headers
	path := "/?"
	for i := range 1000 {
		headers = append(headers, policies.Header{Name: "x-api-key", Value: fmt.Sprint("h", i)})
		path += fmt.Sprint("key=q", i, "&")
	}
	if got := KeysOf(&policies.Request{Headers: headers, Path: path}); len(got) != mostShown {
		t.Errorf("%d keys", len(got))
	}
}

// Whatever a client sends, what is shown has no key twice, none that is empty,
// and all of them are in the request.
func FuzzKeysOf(f *testing.F) {
	f.Add("x-api-key", "k", "Bearer k", "key=k")
	f.Add("authorization", "bearer  \t", "Basic x", "key=%zz&key=+")
	f.Fuzz(func(t *testing.T, name, value, auth, query string) {
		req := &policies.Request{Path: "/v1?" + query, Headers: policies.Headers{{Name: name, Value: value}, {Name: "authorization", Value: auth}}}
		seen := map[string]bool{}
		for _, key := range KeysOf(req) {
			if key == "" || seen[key] {
				t.Errorf("%q is empty or there twice", key)
			}
			seen[key] = true
		}
		if len(seen) > mostShown {
			t.Errorf("%d keys", len(seen))
		}
		registry, err := New([]Tenant{{Name: "a", Keys: []Key{{ID: "1", Hash: HashOf("k")}}}})
		if err != nil {
			t.Fatal(err)
		}
		if caller, denied := registry.Identify(KeysOf(req), now); (denied == nil) != seen["k"] || (caller.Tenant != nil) != seen["k"] {
			t.Errorf("shown %v: %v, %v", seen, caller, denied)
		}
	})
}
