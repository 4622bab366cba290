package exchange

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

const (
	clientKey = "client-key-0123456789"
	otherKey  = "another-key-0123456789"
)

// apis are a path of each dialect, and what says there that a key is wrong.
var apis = []struct{ name, path, words string }{
	{"claude", "/v1/messages", `"type":"authentication_error"`},
	{"chat", "/v1/chat/completions", `"code":"invalid_api_key"`},
	{"responses", "/v1/responses", `"code":"invalid_api_key"`},
	{"gemini", "/v1beta/models/gemini-3.8-flash:streamGenerateContent", `"status":"UNAUTHENTICATED"`},
	{"vertex", "/v1/projects/p/locations/global/publishers/google/models/m:generateContent", `"reason":"API_KEY_INVALID"`},
	{"a list of models", "/v1/models", ""}, // these two in the words of the API whose way it is
	{"no API", "/v1/nothing", ""},
}

// ways are those in which the APIs' clients send a key.
var ways = []struct{ name, header, value, query, words, list string }{
	{"Anthropic", "x-api-key", "%s", "", apis[0].words, apis[1].words},
	{"OpenAI", "authorization", "Bearer %s", "", apis[1].words, apis[1].words},
	{"bearer in lower case", "authorization", "bearer %s", "", apis[1].words, apis[1].words},
	{"Azure", "api-key", "%s", "", apis[1].words, apis[1].words},
	{"Gemini", "x-goog-api-key", "%s", "", apis[3].words, apis[3].words},
	{"Gemini, in the path", "", "", "alt=sse&key=%s", apis[3].words, apis[3].words},
}

// headOnly is an attempt of which only what the arguments say has arrived.
func (r rig) headOnly(method, path string, headers ...string) *attempt {
	a := r.begin(1, "")
	a.in.Method, a.in.Path, a.in.Headers = method, path, policies.Headers{{Name: "x-request-id", Value: "id-1"}}
	for i := 0; i+1 < len(headers); i += 2 {
		a.in.Headers = append(a.in.Headers, policies.Header{Name: headers[i], Value: headers[i+1]})
	}
	return a
}

func methodOf(path string) string {
	if path == "/v1/models" {
		return "GET"
	}
	return "POST"
}

// Each dialect takes a key in any of the ways, and refuses in its own words.
func TestClientKeys(t *testing.T) {
	for _, api := range apis {
		for _, way := range ways {
			t.Run(api.name+"/"+way.name, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.ClientKeys = []string{otherKey, clientKey} })
				with := func(key string) *attempt {
					path := api.path
					if way.query != "" {
						path += "?" + fmt.Sprintf(way.query, key)
					}
					if way.header == "" {
						return r.headOnly(methodOf(api.path), path)
					}
					return r.headOnly(methodOf(api.path), path, way.header, fmt.Sprintf(way.value, key))
				}
				for _, key := range []string{clientKey, otherKey} {
					if reply := with(key).RequestHeaders(); reply != nil && reply.Reason == heal.ReasonClientKey {
						t.Errorf("refused: %s", reply.Body)
					}
				}
				for _, key := range []string{"wrong-key-0123456789", clientKey + "x", clientKey[1:], strings.ToUpper(clientKey)} {
					a := with(key)
					words := api.words
					switch api.name {
					case "a list of models":
						words = way.list
					case "no API":
						words = way.words
					}
					refusedAs(t, a.RequestHeaders(), 401, heal.ReasonClientKey, words, key)
					a.Close(policies.EndComplete)
				}
				for _, line := range r.log.All() {
					if text := fmt.Sprint(line.Message, line.ContextMap()); strings.Contains(text, "key-0123456789") {
						t.Errorf("the log tells the key: %s", text)
					}
				}
			})
		}
	}
}

// refusedAs checks a refusal: final, in the API's words, without a secret.
func refusedAs(t *testing.T, reply *policies.Reply, status int, reason, words, secret string) {
	t.Helper()
	if reply == nil {
		t.Fatal("not refused")
	}
	compact := strings.ReplaceAll(string(reply.Body), `": "`, `":"`)
	if reply.Status != status || reply.Reason != reason || reply.Verdict != policies.Fail || !strings.Contains(compact, words) {
		t.Errorf("%d %s %v, want %d %s with %s:\n%s", reply.Status, reply.Reason, reply.Verdict, status, reason, words, reply.Body)
	}
	if !json.Valid(reply.Body) || secret != "" && strings.Contains(fmt.Sprint(reply.Headers, string(reply.Body)), secret) {
		t.Errorf("no JSON, or it tells the key: %s", reply.Body)
	}
}

// Without any key the client is told that it needs one; other schemes and empty
// values are none.
func TestMissingClientKey(t *testing.T) {
	r := newRig(t, func(c *Config) { c.ClientKeys = []string{clientKey} })
	for _, api := range apis {
		for _, headers := range [][]string{
			nil, {"x-api-key", ""}, {"authorization", "Basic " + clientKey}, {"authorization", clientKey}, {"cookie", clientKey},
			{"x-heald-session", clientKey},
		} {
			reply := r.headOnly(methodOf(api.path), api.path, headers...).RequestHeaders()
			refusedAs(t, reply, 401, heal.ReasonClientKey, api.words, clientKey)
			if !strings.Contains(string(reply.Body), "needs") && !strings.Contains(string(reply.Body), "has no key") {
				t.Errorf("%s %v: %s", api.name, headers, reply.Body)
			}
		}
	}
	// One that is right among others that are wrong is enough: Claude Code can
	// send two.
	if reply := r.headOnly("POST", "/v1/messages", "authorization", "Bearer x", "x-api-key", clientKey).RequestHeaders(); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
}

// With keys, browsers are nothing special: no page knows them.
func TestClientKeyOpensToBrowsers(t *testing.T) {
	r := newRig(t, func(c *Config) { c.ClientKeys, c.Browsers.LocalHosts = []string{clientKey}, true })
	if reply := r.headOnly("POST", "/v1/messages", "origin", "https://chat.example.com", "x-api-key", clientKey).RequestHeaders(); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
}

// The hop secret comes before all else: whoever goes around the outer listener
// learns nothing of settings, models or paths, and has no memory opened.
func TestHopComesFirst(t *testing.T) {
	const secret = "0123456789-hop-secret"
	r, counted := newRig(t, func(c *Config) { c.Hop, c.ClientKeys = secret, []string{clientKey} }).counting(t)
	for _, c := range []struct {
		name, method, path string
		headers            []string
	}{
		{"nothing", "POST", "/v1/messages", nil},
		{"wrong", "POST", "/v1/messages", []string{"x-heald-hop", secret[1:]}},
		{"longer", "POST", "/v1/messages", []string{"x-heald-hop", secret + "x"}},
		{"list of models", "GET", "/v1/models", nil},
		{"no path of an API", "GET", "/secret-path", nil},
		{"unknown policy", "POST", "/v1/messages", []string{"x-heald-policy", "gold"}},
		{"memory", "POST", "/v1/messages", []string{"x-heald-memory", "1.a.b", "x-envoy-attempt-count", "2"}},
		{"too long", "POST", "/v1/messages", []string{"content-length", "99999999999"}},
		{"too often", "POST", "/v1/messages", []string{"x-envoy-attempt-count", "99"}},
		{"no client key", "POST", "/v1/messages", nil},
		{"backends", "POST", "/v1/messages", []string{"x-heald-backends", "evil=ai_studio,http://evil.example"}},
	} {
		reply := r.headOnly(c.method, c.path, c.headers...).RequestHeaders()
		refusedAs(t, reply, 403, heal.ReasonHop, notFromOuter, secret)
		if strings.Contains(string(reply.Body), "secret-path") {
			t.Errorf("%s: %s", c.name, reply.Body)
		}
	}
	for _, result := range []string{"absent", "unreadable", "other_key", "ok"} {
		if n := counted("heald_memory_total", result); n != 0 {
			t.Errorf("memory was opened: %v %s", n, result)
		}
	}
	if reply := r.headOnly("POST", "/v1/messages", "x-heald-hop", secret, "x-api-key", clientKey).RequestHeaders(); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
	fault := &policies.Fault{Verdict: policies.Fail, Reason: heal.ReasonWrongMode, Err: fmt.Errorf("processing_mode.request_body_mode: STREAMED")}
	for _, req := range []*policies.Request{nil, {Method: "POST", Path: "/v1/messages"}} {
		if reply := r.Refuse(req, fault); strings.Contains(string(reply.Body), "processing_mode") || reply.Reason != heal.ReasonWrongMode {
			t.Errorf("%s %s", reply.Reason, reply.Body)
		}
	}
	known := &policies.Request{Path: "/v1/messages", Headers: policies.Headers{{Name: "x-heald-hop", Value: secret}}}
	if reply := r.Refuse(known, fault); !strings.Contains(string(reply.Body), "processing_mode") {
		t.Errorf("the outer route's operator does not learn what is wrong: %s", reply.Body)
	}
}

// Whoever sends a request may not choose the host that gets the credentials.
func TestBackendsOfTheRequestAreIgnored(t *testing.T) {
	r := newRig(t, nil)
	const elsewhere = "a=ai_studio,http://evil.example,cluster=evil"
	for range 2 {
		if f := send(t, r.begin(1, "", policies.HeaderBackends, elsewhere), ask); f.Cluster != "a" || strings.Contains(f.Authority, "evil") {
			t.Errorf("goes to %s at %s", f.Cluster, f.Authority)
		}
	}
	if n := r.log.FilterMessageSnippet("was ignored").Len(); n != 1 {
		t.Errorf("%d lines about it, want one", n)
	}
	a := r.begin(1, "")
	a.in.Settings = policies.Headers{{Name: policies.HeaderBackends, Value: "b=vertex,https://x.example,project=p"}}
	if f := send(t, a, ask); f.Authority != "x.example" {
		t.Errorf("the filter's own setting is not used: %s", f.Authority)
	}
	bare := newRig(t, func(c *Config) { c.Backends = nil })
	if f := send(t, bare.begin(1, "", policies.HeaderBackends, "a=ai_studio,https://route.example"), ask); f.Authority != "route.example" {
		t.Errorf("without backends in heald.yaml the route's are used, got %s", f.Authority)
	}
}

func TestKeySet(t *testing.T) {
	set := newKeySet("", "one", "two")
	for shown, want := range map[string]bool{"one": true, "two": true, "": false, "three": false, "on": false} {
		if set.has(shown) != want {
			t.Errorf("%q: want %v", shown, want)
		}
	}
	if newKeySet("").has("") {
		t.Error("no secret is no key")
	}
}
