package sdk

import (
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// embedders are the programs that can embed, and what they do. Those of OpenAI's
// API get vectors of length 1.
var embedders = []struct {
	name, do, model string
	vertex, unit    bool
}{
	{"python/openai-chat", "embed", "gemini-embedding-001", false, true},
	{"python/genai", "embed", "gemini-embedding-001", false, false},
	{"python/genai", "embed_vertex", "gemini-embedding-001", false, false},
	{"python/genai", "embed_vertex", "gemini-embedding-001", true, false},
	{"python/genai", "embed", "gemini-embedding-001", true, false},
	{"python/genai", "embed_vertex_newer", "gemini-embedding-2", true, false},
	{"python/genai", "embed_vertex_newer", "gemini-embedding-2", false, false},
	{"npm/openai-chat", "embed", "gemini-embedding-001", true, true},
	{"npm/genai", "embed", "gemini-embedding-001", false, false},
	{"npm/ai-chat", "embed", "gemini-embedding-001", false, true},
	{"npm/ai-google", "embed", "gemini-embedding-001", true, false},
}

// Each SDK gets its vectors, in its own form, from either service, although the
// first reply has none.
func TestEmbeddings(t *testing.T) {
	stacks := map[bool]*stack.Stack{}
	for vertex, names := range map[bool][]string{false: nil, true: {"a"}} {
		stacks[vertex] = stack.Start(t, stack.Options{Vertex: names})
	}
	texts := []string{"the first text", "the second text"}
	for _, e := range embedders {
		service := "AI Studio"
		if e.vertex {
			service = "Vertex AI"
		}
		t.Run(strings.Join([]string{e.name, e.do, service}, " "), func(t *testing.T) {
			s := stacks[e.vertex]
			s.Fakes["a"].Reset()
			s.Fakes["a"].Enqueue(fakegemini.Raw(200, nil, []byte(`{"embeddings":[]}`)))
			got := start(t, s.URL, command(t, e.name)).do(t, task{Do: e.do, Texts: texts})
			if got.Error != nil {
				t.Fatalf("raised %s %d: %s", got.Error.Class, got.Error.Status, got.Error.Message)
			}
			for _, r := range s.Fakes["a"].Requests() {
				if r.Rejected != "" {
					t.Errorf("refused upstream: %s\n%s", r.Rejected, r.Body)
				}
			}
			var vectors [][]float64
			if err := json.Unmarshal(got.Value, &vectors); err != nil || len(vectors) != len(texts) || got.Tokens == 0 {
				t.Fatalf("%v: %d vectors, %d tokens", err, len(vectors), got.Tokens)
			}
			for i, text := range texts {
				want := fakegemini.Embed(e.model, text, 256)
				if e.unit {
					want = unit(want)
				}
				if far := distance(vectors[i], want); !(far < 1e-5) {
					t.Errorf("vector %d is %g away from that of its text", i, far)
				}
			}
		})
	}
}

// command is that of the program with a name.
func command(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	for _, p := range programs {
		if p.name == name {
			return p.cmd(t)
		}
	}
	t.Fatalf("no program %s", name)
	return nil
}

func unit(v []float64) []float64 {
	norm := distance(v, make([]float64, len(v)))
	out := make([]float64, len(v))
	for i := range v {
		out[i] = v[i] / norm
	}
	return out
}

// distance is that of two vectors; not a number if they have two lengths.
func distance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum)
}
