package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const embeddingModel = "gemini-embedding-001"

// embedder is a way in which clients ask for the vectors of two texts.
type embedder struct {
	name, path, body string
	vectors          func(t *testing.T, body string) [][]float64
	// unit says that the vectors have length 1.
	unit bool
}

const (
	firstText  = "the first text"
	secondText = "the second text"
	dimensions = 256
)

var embedders = []embedder{
	{"openai", "/v1/embeddings", `{"model":"text-embedding-3-small","input":["` + firstText + `","` + secondText + `"],"dimensions":256,"encoding_format":"float"}`,
		func(t *testing.T, body string) (out [][]float64) {
			var r struct {
				Data []struct{ Embedding []float64 }
			}
			decode(t, body, &r)
			for _, d := range r.Data {
				out = append(out, d.Embedding)
			}
			return out
		}, true},
	{"batchEmbedContents", "/v1beta/models/" + embeddingModel + ":batchEmbedContents",
		`{"requests":[{"content":{"parts":[{"text":"` + firstText + `"}]},"outputDimensionality":256},{"content":{"parts":[{"text":"` + secondText + `"}]},"outputDimensionality":256}]}`,
		func(t *testing.T, body string) (out [][]float64) {
			var r struct{ Embeddings []struct{ Values []float64 } }
			decode(t, body, &r)
			for _, e := range r.Embeddings {
				out = append(out, e.Values)
			}
			return out
		}, false},
	{"predict", "/v1/projects/theirs/locations/global/publishers/google/models/" + embeddingModel + ":predict",
		`{"instances":[{"content":"` + firstText + `"},{"content":"` + secondText + `"}],"parameters":{"outputDimensionality":256}}`,
		func(t *testing.T, body string) (out [][]float64) {
			var r struct {
				Predictions []struct{ Embeddings struct{ Values []float64 } }
			}
			decode(t, body, &r)
			for _, p := range r.Predictions {
				out = append(out, p.Embeddings.Values)
			}
			return out
		}, false},
}

func decode(t *testing.T, body string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
}

// check asks for the vectors and compares them with those that the fake made.
func (e embedder) check(t *testing.T, s *stack.Stack) stack.Answer {
	t.Helper()
	got := s.Post(e.path, e.body)
	if got.Status != 200 {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	vectors := e.vectors(t, got.Body)
	if len(vectors) != 2 {
		t.Fatalf("%d vectors in %.200s", len(vectors), got.Body)
	}
	for i, text := range []string{firstText, secondText} {
		want := fakegemini.Embed(embeddingModel, text, dimensions)
		norm := 1.0
		if e.unit {
			norm = length(want)
		}
		if len(vectors[i]) != dimensions {
			t.Fatalf("vector %d has %d numbers", i, len(vectors[i]))
		}
		for j, v := range vectors[i] {
			if math.Abs(v-want[j]/norm) > 1e-6 {
				t.Fatalf("vector %d, number %d: %g, want %g", i, j, v, want[j]/norm)
			}
		}
	}
	return got
}

func length(v []float64) (sum float64) {
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// brokenVectors are replies that are none, and their log words.
var brokenVectors = []struct {
	name   string
	reply  fakegemini.Reply
	reason string
}{
	{"503", fakegemini.Status(503), heal.ReasonOverloaded},
	{"429", fakegemini.Status(429), heal.ReasonRateLimit},
	{"403", fakegemini.Status(403), heal.ReasonForbidden},
	{"empty vectors", vectorDocument(`{"embeddings":[{"values":[]},{"values":[]}]}`), heal.ReasonPeekNoContent},
	{"one vector is missing", vectorDocument(`{"embeddings":[{"values":[1]}]}`), heal.ReasonPeekNoContent},
	{"cut", vectorDocument(`{"embeddings":[{"values":[0.25,`), heal.ReasonPeekTruncated},
	{"empty 200", fakegemini.EmptyOK(), heal.ReasonPeekEOF},
	{"HTML under 200", fakegemini.HTML200(), heal.ReasonPeekGarbage},
	{"an error under 200", fakegemini.BareJSONError(500), heal.ReasonPeekError},
	{"silence", fakegemini.SilentBeforeHeaders(), heal.ReasonPeekTimeout},
	{"silence within the reply", fakegemini.SilentAfterHeaders(), heal.ReasonPeekTimeout},
}

func vectorDocument(document string) fakegemini.Reply {
	return fakegemini.Raw(200, nil, []byte(document))
}

// Embeddings are healed like answers, in every shape.
func TestEmbeddings(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2"}, Policy: shortTimers})
		for _, e := range embedders {
			t.Run(e.name, func(t *testing.T) {
				for _, f := range brokenVectors {
					t.Run(f.name, func(t *testing.T) {
						s.Reload()
						s.Fakes["a"].Reset()
						s.Fakes["a"].Enqueue(f.reply)
						before := len(s.Replicas[0].Log.Lines("attempt finished"))
						got := e.check(t, s)
						if got.Header.Get("x-heald-attempts") != "2" || got.Header.Get("x-heald-model") != embeddingModel {
							t.Errorf("headers %v", got.Header)
						}
						if err := s.Settled(); err != nil {
							t.Fatal(err)
						}
						if lines := s.Replicas[0].Log.Lines("attempt finished")[before:]; len(lines) != 2 || lines[0].Get("reason") != f.reason && lines[1].Get("reason") != f.reason {
							t.Errorf("attempts %v, want %s first", lines, f.reason)
						}
						for _, r := range s.Fakes["a"].Requests() {
							if r.Rejected != "" {
								t.Errorf("refused upstream: %s\n%s", r.Rejected, r.Body)
							}
						}
					})
				}
			})
		}
	})
}

// A request that one service cannot answer goes to the other, in its shape, and
// the client does not notice.
func TestEmbeddingsBetweenServices(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		for _, first := range []string{"AI Studio", "Vertex AI"} {
			vertex := []string{"b"}
			if first == "Vertex AI" {
				vertex = []string{"a"}
			}
			s := stack.Start(t, stack.Options{Envoy: version, Backends: []string{"a", "b"}, Vertex: vertex, Policy: shortTimers})
			for _, e := range embedders {
				t.Run(first+" first/"+e.name, func(t *testing.T) {
					s.Reload()
					for _, fake := range s.Fakes {
						fake.Reset()
					}
					s.Fakes["a"].Enqueue(fakegemini.Status(404))
					got := e.check(t, s)
					if got.Header.Get("x-heald-backend") != "b" || got.Header.Get("x-heald-attempts") != "2" {
						t.Errorf("headers %v", got.Header)
					}
					for name, fake := range s.Fakes {
						requests := fake.Requests()
						if len(requests) != 1 || requests[0].Rejected != "" {
							t.Errorf("backend %s got %v", name, requests)
						}
					}
				})
			}
		}
	})
}

// The longest reply: more than a stream's windows and buffers hold.
func TestManyEmbeddings(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true})
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = fmt.Sprintf("%q", fmt.Sprint("text ", i))
		}
		got := s.Post("/v1/embeddings", `{"model":"`+embeddingModel+`","encoding_format":"float","input":[`+strings.Join(texts, ",")+`]}`)
		if got.Status != 200 {
			t.Fatalf("status %d: %.300s", got.Status, got.Body)
		}
		vectors := embedders[0].vectors(t, got.Body)
		if len(vectors) != 100 || len(vectors[99]) != 3072 {
			t.Fatalf("%d vectors", len(vectors))
		}
		want := fakegemini.Embed(embeddingModel, "text 99", 3072)
		if math.Abs(vectors[99][7]-want[7]) > 1e-6 {
			t.Errorf("the last vector is that of another text")
		}
	})
}

// What no backend takes is refused by name.
func TestEmbeddingsThatAreRefused(t *testing.T) {
	s := stack.Start(t, stack.Options{Vertex: []string{"a"}, Fake: fakegemini.Options{OneInstance: true}})
	for _, c := range []struct{ path, body, want string }{
		{"/v1/embeddings", `{"model":"` + embeddingModel + `","input":[[1,2]]}`, `"param":"input"`},
		{"/v1/embeddings", `{"model":"` + embeddingModel + `","input":["a"` + strings.Repeat(`,"a"`, 250) + `]}`, "takes 250 in one request"},
		{"/v1/embeddings", `{"model":"` + embeddingModel + `","input":["a","b"]}`, "batchSize must be 1"}, // Vertex AI's own words
		{"/v1/embeddings", `{"model":"gemini-3.5-flash","input":"a"}`, `"param":"model"`},
		{"/v1/chat/completions", `{"model":"` + embeddingModel + `","messages":[{"role":"user","content":"a"}]}`, `"param":"model"`},
	} {
		if got := s.Post(c.path, c.body); got.Status != 400 || !strings.Contains(got.Body, c.want) {
			t.Errorf("%.80s: %d %s, want %s", c.body, got.Status, got.Body, c.want)
		}
	}
}
