package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// getJSON asks Envoy for a document.
func getJSON(t *testing.T, url, key string, into any) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(patient(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-goog-api-key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v: %s", url, err, body)
	}
	return resp.StatusCode
}

// listedModel is an entry of Gemini's list.
type listedModel struct {
	Name                              string
	InputTokenLimit, OutputTokenLimit int
	Thinking                          bool
	SupportedGenerationMethods        []string
}

func listedModels(t *testing.T, url, key string) map[string]listedModel {
	t.Helper()
	var list struct{ Models []listedModel }
	if status := getJSON(t, url+"/v1beta/models", key, &list); status != http.StatusOK {
		t.Fatalf("the list has status %d", status)
	}
	out := map[string]listedModel{}
	for _, m := range list.Models {
		out[strings.TrimPrefix(m.Name, "models/")] = m
	}
	return out
}

// listRequests are the requests for lists that a backend got, and their keys.
func listRequests(fake *fakegemini.Server) (paths, keys []string) {
	for _, r := range fake.Requests() {
		if strings.HasSuffix(r.Path, "/models") {
			paths, keys = append(paths, r.Path+"?"+r.Query), append(keys, r.Key)
		}
	}
	return paths, keys
}

// TestModelLists: each replica learns from the backends, through Envoy and with
// the gateway's credential, what models there are, and obeys their limits.
func TestModelLists(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		const house = "gemini-house-1"
		s := stack.Start(t, stack.Options{
			Envoy: version, Resume: true, HopSecret: "the secret of the hop", Replicas: 2,
			Backends: []string{"studio", "vertex"}, Vertex: []string{"vertex"}, ClientKeys: []string{"a key of the gateway's"},
			Fake: fakegemini.Options{Models: []string{house}, Limits: map[string][2]int{house: {30_000, 700}}},
		})
		healthy(t, s, 2)
		if status := getJSON(t, s.URL+"/v1beta/models", "of a stranger", &struct{}{}); status != http.StatusUnauthorized {
			t.Errorf("a stranger gets %d", status)
		}
		for _, fake := range s.Fakes {
			if paths, _ := listRequests(fake); len(paths) > 0 {
				t.Errorf("fetched for a stranger: %q", paths)
			}
		}
		// Both replicas get to know it, whichever is asked.
		for range 12 {
			got := listedModels(t, s.URL, "a key of the gateway's")
			if m := got[house]; m.InputTokenLimit != 30_000 || m.OutputTokenLimit != 700 || !m.Thinking {
				t.Errorf("%s: %+v", house, m)
			}
			if got["gemini-3-pro-preview"].Name == "" || got["gemini-3-pro"].Name != "" {
				t.Errorf("got %+v", got)
			}
			if got := got["gemini-embedding-001"].SupportedGenerationMethods; !slices.Equal(got, []string{"embedContent", "batchEmbedContents", "countTokens"}) {
				t.Errorf("methods of an embedding model: %q", got)
			}
		}
		for name, want := range map[string]string{"studio": "/v1beta/models?pageSize=1000", "vertex": "/v1beta1/publishers/google/models?pageSize=1000"} {
			paths, keys := listRequests(s.Fakes[name])
			if len(paths) == 0 || len(paths) > 2 {
				t.Errorf("%s: %d lists were fetched for two replicas", name, len(paths))
			}
			for i := range paths {
				if paths[i] != want || keys[i] != "key-1" {
					t.Errorf("%s: %s with %s", name, paths[i], keys[i])
				}
			}
		}
	})
}

// TestModelListsLimit: a limit that only the provider's list tells is obeyed,
// and nothing of it needs upstream to be up.
func TestModelListsLimit(t *testing.T) {
	const house = "gemini-house-1"
	for _, down := range []bool{false, true} {
		o := stack.Options{Resume: true, Fake: fakegemini.Options{Models: []string{house}, Limits: map[string][2]int{house: {30_000, 700}}}}
		if down {
			o.Down = []string{"a"}
		}
		s := stack.Start(t, o)
		got := listedModels(t, s.URL, "")
		if got["gemini-3.8-flash"].OutputTokenLimit != 65_536 {
			t.Errorf("down %t: %+v", down, got)
		}
		if down {
			listedModels(t, s.URL, "")
			if lines := s.Replicas[0].Log.Lines("the list of models could not be fetched: heald's own table is used, and the list that was fetched last (said once)"); len(lines) != 1 {
				t.Errorf("%d warnings, want 1", len(lines))
			}
			continue
		}
		s.Fake().Enqueue(fakegemini.Text("within the limit"))
		answer := s.Post(messages, `{"model":"`+house+`","max_tokens":32000,"messages":[{"role":"user","content":"hi"}]}`)
		if answer.Status != http.StatusOK {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
}

// TestModelListsOfUp: `heald up` needs no setting for it.
func TestModelListsOfUp(t *testing.T) {
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"provider-key"}, Models: []string{"gemini-house-1"}, Limits: map[string][2]int{"gemini-house-1": {30_000, 700}}})
	address, _ := startUp(t, fake)
	if m := listedModels(t, address, "")["gemini-house-1"]; m.OutputTokenLimit != 700 {
		t.Errorf("got %+v", m)
	}
}
