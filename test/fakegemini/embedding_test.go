package fakegemini

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestValidateEmbeddings(t *testing.T) {
	const (
		studio = "/v1beta/models/gemini-embedding-001:"
		vertex = "/v1/projects/p/locations/l/publishers/google/models/"
		text   = `"content":{"parts":[{"text":"a"}]}`
	)
	requests := func(n int) string {
		return `{"requests":[` + strings.Repeat(`,{"model":"models/gemini-embedding-001",`+text+`}`, n)[1:] + `]}`
	}
	for _, c := range []struct{ path, body, want string }{
		{studio + "embedContent", `{` + text + `,"taskType":"RETRIEVAL_QUERY","title":"t","outputDimensionality":768}`, ""},
		{studio + "embedContent", `{` + text + `,"outputDimensionality":0}`, "output_dimensionality"},
		{studio + "embedContent", `{` + text + `,"outputDimensionality":4000}`, "output_dimensionality"},
		{studio + "embedContent", `{` + text + `,"autoTruncate":true}`, "Unknown name"},
		{studio + "embedContent", `{"content":{"parts":[{"text":""}]}}`, "is not specified"},
		{studio + "embedContent", `{"model":"models/other",` + text + `}`, "must be models/gemini-embedding-001"},
		{studio + "batchEmbedContents", requests(100), ""},
		{studio + "batchEmbedContents", requests(101), "at most 100"},
		{studio + "batchEmbedContents", `{"requests":[]}`, "is not specified"},
		{studio + "batchEmbedContents", `{"requests":[{` + text + `}]}`, "unexpected model name"},
		{studio + "predict", `{"instances":[{"content":"a"}]}`, "no such route"},
		{studio + "generateContent", `{"contents":[` + `{"parts":[{"text":"a"}]}` + `]}`, "not found"},
		{"/v1beta/models/gemini-3.5-flash:embedContent", `{` + text + `}`, "not found"},
		{vertex + "gemini-embedding-001:predict", `{"instances":[{"content":"a","task_type":"CLUSTERING","title":"t"},{"content":"b"}],"parameters":{"outputDimensionality":5,"autoTruncate":false}}`, ""},
		{vertex + "gemini-embedding-001:predict", `{"instances":[{"content":"a","outputDimensionality":5}]}`, "Unknown name"},
		{vertex + "gemini-embedding-001:predict", `{"instances":[]}`, "not specified"},
		{vertex + "gemini-embedding-001:embedContent", `{` + text + `}`, "not found"},
		{vertex + "gemini-embedding-2:embedContent", `{` + text + `,"embedContentConfig":{"outputDimensionality":768,"autoTruncate":true}}`, ""},
		{vertex + "gemini-embedding-2:embedContent", `{` + text + `,"model":"models/gemini-embedding-2"}`, "Unknown name"},
		{vertex + "gemini-embedding-2:predict", `{"instances":[{"content":"a"}]}`, "not found"},
	} {
		_, err := Validate(c.path, []byte(c.body), Options{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.80s: got %v, want %q", c.path, c.body, err, c.want)
		}
	}
	two := `{"instances":[{"content":"a"},{"content":"b"}]}`
	if _, err := Validate(vertex+"gemini-embedding-001:predict", []byte(two), Options{OneInstance: true}); err == nil || !strings.Contains(err.Error(), "batchSize must be 1 but the entered value was 2") {
		t.Errorf("two instances where one is taken: %v", err)
	}
}

// A vector follows from its text, and only a full one has length 1.
func TestEmbed(t *testing.T) {
	length := func(v []float64) (sum float64) {
		for _, x := range v {
			sum += x * x
		}
		return math.Sqrt(sum)
	}
	for model, short := range map[string]bool{"gemini-embedding-001": false, "gemini-embedding-2": true} {
		full, cut := Embed(model, "a", longestVector), Embed(model, "a", 10)
		if len(full) != longestVector || len(cut) != 10 || math.Abs(length(full)-1) > 1e-6 || (math.Abs(length(cut)-1) < 1e-6) != short {
			t.Errorf("%s: lengths %d, %d, norms %g, %g", model, len(full), len(cut), length(full), length(cut))
		}
		if fmt.Sprint(full) != fmt.Sprint(Embed(model, "a", longestVector)) || fmt.Sprint(full) == fmt.Sprint(Embed(model, "b", longestVector)) {
			t.Errorf("%s: the vector does not follow from the text", model)
		}
	}
}
