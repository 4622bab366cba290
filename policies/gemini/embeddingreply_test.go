package gemini

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestParseEmbeddings(t *testing.T) {
	for _, c := range []struct {
		name, body string
		n          int
		want       string // the vectors, or the error
		err        error
		tokens     int
		truncated  bool
	}{
		{"one", `{"embedding":{"values":[0.1,-2e-3]},"usageMetadata":{"promptTokenCount":5}}`, 1, "[0.1,-2e-3]", nil, 5, false},
		{"one at Vertex AI", `{"embedding":{"values":[1]},"truncated":true}`, 1, "[1]", nil, 0, true},
		{"batch", `{"embeddings":[{"values":[1, 2]},{"values":[3, 4]}]}`, 2, "[1, 2] [3, 4]", nil, 0, false},
		{"predict", `{"predictions":[{"embeddings":{"statistics":{"token_count":4.0,"truncated":true},"values":[1]}}],"metadata":{"billableCharacterCount":3}}`, 1, "[1]", nil, 4, true},
		{"empty", `{"embedding":{"values":[]}}`, 1, "", ErrNoVectors, 0, false},
		{"no values", `{"embeddings":[{"values":[1]},{}]}`, 2, "", ErrNoVectors, 0, false},
		{"a prediction of something else", `{"predictions":[{"bytes":"x"},{"embeddings":{"values":[1]}}]}`, 2, "", ErrNoVectors, 0, false},
		{"zeros", `{"embedding":{"values":[0,0.0]}}`, 1, "", ErrNoVectors, 0, false},
		{"too small for 64 bits", `{"embedding":{"values":[1e-999,0e5]}}`, 1, "", ErrNoVectors, 0, false},
		{"too large for 64 bits", `{"embedding":{"values":[1e999,1]}}`, 1, "", ErrNoVectors, 0, false},
		{"too many digits for 64 bits", `{"embedding":{"values":[1` + strings.Repeat("0", 400) + `, 1]}}`, 1, "", ErrNoVectors, 0, false},
		{"large", `{"embedding":{"values":[1e300,0,-1E+300 ]}}`, 1, "[1e300,0,-1E+300 ]", nil, 0, false},
		{"no numbers", `{"embedding":{"values":[1,"NaN"]}}`, 1, "", ErrNoVectors, 0, false},
		{"nested", `{"embedding":{"values":[[1]]}}`, 1, "", ErrNoVectors, 0, false},
		{"fewer", `{"embeddings":[{"values":[1]}]}`, 2, "", ErrNoVectors, 0, false},
		{"more", `{"embeddings":[{"values":[1]},{"values":[1]}]}`, 1, "", ErrNoVectors, 0, false},
		{"of two lengths", `{"embeddings":[{"values":[1]},{"values":[1,2]}]}`, 2, "", ErrNoVectors, 0, false},
		{"nothing", `{}`, 1, "", ErrNoVectors, 0, false},
		{"cut", `{"embedding":{"values":[0.1,`, 1, "", io.ErrUnexpectedEOF, 0, false},
		{"a page", `<html>`, 1, "not a JSON object", nil, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseEmbeddings([]byte(c.body), c.n)
			if c.err != nil || c.want == "not a JSON object" {
				if err == nil || !errors.Is(err, c.err) && c.err != nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, v := range got.Vectors {
				all = append(all, string(v.Values))
			}
			if first := got.Vectors[0]; strings.Join(all, " ") != c.want || first.Tokens != c.tokens || first.Truncated != c.truncated {
				t.Errorf("got %v, %+v", all, first)
			}
		})
	}
}

// What is taken is one list of numbers for each input, whatever came.
func FuzzParseEmbeddings(f *testing.F) {
	f.Add([]byte(`{"embeddings":[{"values":[1, -2e-3]},{"values":[3,4]}]}`), 2)
	f.Add([]byte(`{"predictions":[{"embeddings":{"statistics":{"token_count":4},"values":[1]}}]}`), 1)
	f.Add([]byte(`{"embedding":{"values":[0.1,`), 1)
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		got, err := ParseEmbeddings(body, n)
		if err != nil {
			return
		}
		if len(got.Vectors) != n {
			t.Fatalf("%d vectors for %d inputs", len(got.Vectors), n)
		}
		for _, v := range got.Vectors {
			var numbers []json.Number
			if err := json.Unmarshal(v.Values, &numbers); err != nil || len(numbers) == 0 || len(numbers) != length(got.Vectors[0].Values)+1 {
				t.Errorf("%q: %v", v.Values, err)
			}
		}
	})
}
