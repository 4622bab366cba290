package native

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

func TestMatchEmbeddings(t *testing.T) {
	for path, method := range map[string]string{
		"/v1beta/models/gemini-embedding-001:embedContent":                                               embedContent,
		"/v1beta/models/gemini-embedding-001:batchEmbedContents":                                         batchEmbedContents,
		"/v1beta1/projects/p/locations/l/publishers/google/models/gemini-embedding-2:batchEmbedContents": batchEmbedContents,
		"/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict":                 predict,
	} {
		if got, ok := New().Match("POST", path); !ok || got.Operation != conversation.Embed || got.Method != method {
			t.Errorf("%s: %+v, %v", path, got, ok)
		}
	}
}

func TestDecodeEmbedding(t *testing.T) {
	const settings = `"taskType":"CLUSTERING","title":"t","outputDimensionality":5`
	for _, c := range []struct{ name, method, body string }{
		{"one", embedContent, `{"model":"models/x","content":{"role":"user","parts":[{"text":"a"}]},` + settings + `,"autoTruncate":true}`},
		{"snake_case", embedContent, `{"content":{"parts":[{"text":"a"}]},"task_type":"CLUSTERING","title":"t","output_dimensionality":5,"auto_truncate":true}`},
		{"at Vertex AI", embedContent, `{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{` + settings + `,"autoTruncate":true}}`},
		{"batch", batchEmbedContents, `{"model":"models/x","requests":[{"model":"models/x","content":{"parts":[{"text":"a"}]},` + settings + `,"autoTruncate":true}]}`},
		{"batch at Vertex AI", batchEmbedContents, `{"requests":[{"content":{"parts":[{"text":"a"}]},"embedContentConfig":{` + settings + `,"autoTruncate":true}}]}`},
		{"predict", predict, `{"instances":[{"content":"a","task_type":"CLUSTERING","title":"t"}],"parameters":{"outputDimensionality":5,"autoTruncate":true}}`},
		{"predict, parameters first", predict, `{"parameters":{"outputDimensionality":5,"autoTruncate":true},"instances":[{"content":"a","taskType":"CLUSTERING","title":"t"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := New().Decode(dialect.Route{Operation: conversation.Embed, Method: c.method, Model: "m"}, nil, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			in := req.Embedding.Inputs
			if req.Model != "m" || len(in) != 1 || len(in[0].Parts) != 1 || in[0].Parts[0].Text.String() != "a" || in[0].Task.String() != "CLUSTERING" ||
				in[0].Title.String() != "t" || *in[0].Dimensions != 5 || !*in[0].Truncate || len(req.Warnings) != 0 {
				t.Errorf("got %q, %+v, warnings %v", req.Model, in, req.Warnings)
			}
		})
	}
}

func TestDecodeEmbeddingOfMedia(t *testing.T) {
	req, err := New().Decode(dialect.Route{Operation: conversation.Embed, Method: embedContent}, nil,
		[]byte(`{"content":{"parts":[{"text":"a"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}},{"fileData":{"fileUri":"gs://b/o","mimeType":"audio/mp3"}}]},"documentOcr":true}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := req.Embedding.Inputs[0].Parts
	if len(parts) != 3 || parts[1].Media.MIME != "image/png" || parts[1].Media.Data.String() != "AAAA" || parts[2].Media.URI != "gs://b/o" ||
		req.FieldNames.Place(parts[2].At) != "content.parts[2].fileData" {
		t.Errorf("got %+v", parts)
	}
	if len(req.Warnings) != 1 || req.Warnings[0].Field != "documentOcr" {
		t.Errorf("warnings %v", req.Warnings)
	}
}

func TestDecodeEmbeddingRefuses(t *testing.T) {
	for _, c := range []struct{ method, body, param string }{
		{embedContent, `{}`, "content"},
		{embedContent, `{"content":{"parts":[{"text":""}]}}`, "content"},
		{embedContent, `{"content":{"parts":[{"functionCall":{}}]}}`, "content.parts[0].functionCall"},
		{embedContent, `{"content":"a"}`, "content"},
		{embedContent, `{"content":{"parts":[{"text":"a"}]},"outputDimensionality":"x"}`, "outputDimensionality"},
		{batchEmbedContents, `{"requests":[]}`, "requests"},
		{batchEmbedContents, `{"requests":[{"content":{"parts":[{"text":"a"}]}},{}]}`, "requests[1].content"},
		{batchEmbedContents, `{"requests":[{"content":{"parts":[{"text":1}]}}]}`, "requests[0].content.parts[0].text"},
		{predict, `{"instances":[{"content":"a"},{"prompt":"b"}]}`, "instances[1].content"},
		{predict, `{"instances":[{"content":1}]}`, "instances[0].content"},
		{predict, `[]`, ""},
	} {
		_, err := New().Decode(dialect.Route{Operation: conversation.Embed, Method: c.method}, nil, []byte(c.body))
		var e *conversation.Error
		if !errors.As(err, &e) || e.Param != c.param || !strings.HasPrefix(e.Message, c.param) {
			t.Errorf("%s %s: %v about %+v, want %q", c.method, c.body, err, e, c.param)
		}
	}
}

// Each method's clients get the shape of that method, with the numbers as they
// came, whatever was asked upstream.
func TestEmbeddings(t *testing.T) {
	one := &conversation.Embeddings{Tokens: 3, Vectors: []conversation.Vector{{Values: conversation.Raw("[0.10, 2e-3]"), Tokens: 3, Truncated: true}}}
	two := &conversation.Embeddings{Tokens: 3, Estimated: true, Vectors: []conversation.Vector{{Values: conversation.Raw("[1]"), Tokens: 2}, {Values: conversation.Raw("[2]"), Tokens: 1}}}
	for _, c := range []struct {
		method string
		reply  *conversation.Embeddings
		want   string
	}{
		{embedContent, one, `{"embedding":{"values":[0.10, 2e-3]},"truncated":true,"usageMetadata":{"promptTokenCount":3}}`},
		{batchEmbedContents, one, `{"embeddings":[{"values":[0.10, 2e-3]}],"usageMetadata":{"promptTokenCount":3}}`},
		{batchEmbedContents, two, `{"embeddings":[{"values":[1]},{"values":[2]}]}`},
		{predict, one, `{"predictions":[{"embeddings":{"values":[0.10, 2e-3],"statistics":{"token_count":3,"truncated":true}}}]}`},
		{predict, two, `{"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":2,"truncated":false}}},{"embeddings":{"values":[2],"statistics":{"token_count":1,"truncated":false}}}]}`},
	} {
		if got := New().Embeddings(&conversation.Request{Own: own{method: c.method}}, c.reply); string(got) != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.method, got, c.want)
		}
	}
}
