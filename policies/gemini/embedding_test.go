package gemini

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func textInput(text string) conversation.EmbeddingInput {
	return conversation.EmbeddingInput{Parts: []conversation.Part{{Text: conversation.Quote(text)}}}
}

func picture(uri string) conversation.EmbeddingInput {
	return conversation.EmbeddingInput{Parts: []conversation.Part{{Kind: conversation.KindMedia,
		Media: &conversation.Media{MIME: "image/png", URI: uri}, At: conversation.Place{Root: "content", Item: -1, Index: -1}}}}
}

func file(mime, base64 string) conversation.EmbeddingInput {
	in := picture("")
	in.Parts[0].Media = &conversation.Media{MIME: mime, Data: conversation.Quote(base64)}
	return in
}

func TestRenderEmbedding(t *testing.T) {
	const one, two = "gemini-embedding-001", "gemini-embedding-2"
	n, cut := 768, false
	full := textInput(`a "b"`)
	full.Task, full.Title, full.Dimensions, full.Truncate = conversation.Quote("RETRIEVAL_DOCUMENT"), conversation.Quote("t"), &n, &cut
	short := textInput("c")
	short.Dimensions = &n
	parts := textInput("a")
	parts.Parts = append(parts.Parts, textInput("b").Parts...)
	vertex := Target{Kind: Vertex, Project: "p", Location: "l"}
	for _, c := range []struct {
		name   string
		target Target
		model  string
		inputs []conversation.EmbeddingInput
		path   string // or the error
		body   string
	}{
		{"one text", Target{}, one, []conversation.EmbeddingInput{textInput("a")}, "/v1beta/models/gemini-embedding-001:embedContent",
			`{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}}`},
		{"all settings", Target{}, one, []conversation.EmbeddingInput{full}, "/v1beta/models/gemini-embedding-001:embedContent",
			`{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a \"b\""}]},"taskType":"RETRIEVAL_DOCUMENT","title":"t","outputDimensionality":768}`},
		{"several texts", Target{Version: "v1"}, "models/" + one, []conversation.EmbeddingInput{textInput("a"), short}, "/v1/models/gemini-embedding-001:batchEmbedContents",
			`{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]}},{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"c"}]},"outputDimensionality":768}]}`},
		{"predict", vertex, one, []conversation.EmbeddingInput{full}, "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-001:predict",
			`{"instances":[{"content":"a \"b\"","task_type":"RETRIEVAL_DOCUMENT","title":"t"}],"parameters":{"outputDimensionality":768,"autoTruncate":false}}`},
		{"predict, several, one in parts", vertex, one, []conversation.EmbeddingInput{textInput("a"), parts}, "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-001:predict",
			`{"instances":[{"content":"a"},{"content":"a\nb"}]}`},
		{"predict, a model that is not known", vertex, "text-embedding-004", []conversation.EmbeddingInput{textInput("a")}, "/v1/projects/p/locations/l/publishers/google/models/text-embedding-004:predict",
			`{"instances":[{"content":"a"}]}`},
		{"newer model at Vertex AI", vertex, two, []conversation.EmbeddingInput{full}, "/v1beta1/projects/p/locations/l/publishers/google/models/gemini-embedding-2:embedContent",
			`{"content":{"parts":[{"text":"a \"b\""}]},"embedContentConfig":{"taskType":"RETRIEVAL_DOCUMENT","title":"t","outputDimensionality":768,"autoTruncate":false}}`},
		{"model of tomorrow", vertex, "gemini-embedding-3-preview", []conversation.EmbeddingInput{textInput("a"), short}, "/v1beta1/projects/p/locations/l/publishers/google/models/gemini-embedding-3-preview:batchEmbedContents",
			`{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"c"}]},"embedContentConfig":{"outputDimensionality":768}}]}`},
		{"the backend's own version", Target{Kind: Vertex, Version: "v1"}, two, []conversation.EmbeddingInput{textInput("a")}, "/v1/publishers/google/models/gemini-embedding-2:embedContent",
			`{"content":{"parts":[{"text":"a"}]}}`},
		{"media by reference", vertex, two, []conversation.EmbeddingInput{picture("gs://b/o")}, "/v1beta1/projects/p/locations/l/publishers/google/models/gemini-embedding-2:embedContent",
			`{"content":{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/o"}}]}}`},
		{"media that AI Studio cannot read", Target{}, two, []conversation.EmbeddingInput{picture("gs://b/o")}, "content: AI Studio cannot read Cloud Storage (gs://); upload the file with its Files API and name the URI that it returns, or send the data inline", ""},
		{"media that no model reads", Target{}, two, []conversation.EmbeddingInput{file("application/x-tar", "AAAA")}, "content: the model makes no vectors of files of this type; send what it says as text", ""},
		{"media with a wrong type", Target{}, two, []conversation.EmbeddingInput{file("image/jpg", "/9j/4AAQ")}, "/v1beta/models/gemini-embedding-2:embedContent",
			`{"model":"models/gemini-embedding-2","content":{"parts":[{"inlineData":{"mimeType":"image/jpeg","data":"/9j/4AAQ"}}]}}`},
		{"media and predict", vertex, one, []conversation.EmbeddingInput{picture("gs://b/o")}, "requests[0]: model gemini-embedding-001 embeds texts only at Vertex AI", ""},
		{"two lengths and predict", vertex, one, []conversation.EmbeddingInput{textInput("a"), short}, "requests[1]: Vertex AI has one length of vectors", ""},
		{"too many for AI Studio", Target{}, one, make([]conversation.EmbeddingInput, 101), "requests: 101 inputs are too many: the model backend takes 100 in one request", ""},
		{"too many for predict", vertex, one, make([]conversation.EmbeddingInput, 251), "requests: 251 inputs are too many: the model backend takes 250 in one request", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.target.Model = c.model
			req := &conversation.Request{Embedding: &conversation.Embedding{Inputs: c.inputs, List: "requests"}}
			got, err := RenderEmbedding(req, c.target, Options{})
			switch {
			case err != nil && (c.body != "" || !strings.HasPrefix(err.Error(), c.path)):
				t.Errorf("%v, want %s", err, c.path)
			case err == nil && (got.Path != c.path || string(got.Body) != c.body):
				t.Errorf("got  %s\n%s\nwant %s\n%s", got.Path, got.Body, c.path, c.body)
			}
		})
	}
}

// A file goes upstream with the account's rights.
func TestRenderEmbeddingAsksForFiles(t *testing.T) {
	req := &conversation.Request{Embedding: &conversation.Embedding{Inputs: []conversation.EmbeddingInput{picture("https://a/b")}, Each: "content"}}
	denied := errors.New("denied")
	_, err := RenderEmbedding(req, Target{Model: "gemini-embedding-2"}, Options{Resource: func(r conversation.Resource) (bool, error) {
		if r.Kind != conversation.ResourceFile || r.Name != "https://a/b" {
			t.Errorf("asked for %+v", r)
		}
		return false, denied
	}})
	if !errors.Is(err, denied) {
		t.Errorf("got %v", err)
	}
}

func TestModelsDoWhatTheyCan(t *testing.T) {
	for _, c := range []struct {
		model   string
		op      conversation.Operation
		refused bool
	}{
		{"gemini-3.8-flash", conversation.Generate, false},
		{"gemini-3.8-flash", conversation.Embed, true},
		{"gemini-9-flash", conversation.Embed, true},
		{"gemini-embedding-001", conversation.Embed, false},
		{"gemini-embedding-001", conversation.CountTokens, false},
		{"gemini-embedding-001", conversation.Generate, true},
		{"gemini-embedding-2-preview", conversation.Generate, true},
		{"gemini-embedding-9", conversation.Generate, true},
		{"text-embedding-005", conversation.Generate, true},
		{"house-model", conversation.Embed, false},
		{"house-model", conversation.Generate, false},
	} {
		if err := DefaultTable.Capabilities(c.model).CheckOperation(c.op); (err != nil) != c.refused {
			t.Errorf("%s, operation %d: %v", c.model, c.op, err)
		}
	}
}
