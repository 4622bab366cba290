package gemini

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

// The last list of each kind counts; chunks without lists change nothing.
func TestModalities(t *testing.T) {
	type m = conversation.Modalities
	for _, c := range []struct {
		name                  string
		chunks                []string
		input, cached, output *m
	}{
		{"none", []string{`{"usageMetadata":{"promptTokenCount":5}}`}, nil, nil, nil},
		{"all", []string{`{"usageMetadata":{"promptTokenCount":30,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":20}],
			"toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":3}],"cacheTokensDetails":[{"modality":"VIDEO","tokenCount":4}],
			"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120},{"tokenCount":7,"modality":"DOCUMENT"}]}}`},
			&m{Text: 13, Audio: 20}, &m{Video: 4}, &m{Image: 1120, Document: 7}},
		{"growing", []string{
			`{"usageMetadata":{"promptTokensDetails":[{"modality":"TEXT","tokenCount":1}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":1}]}}`,
			`{"candidates":[{"content":{"parts":[{"text":"x"}]}}]}`,
			`{"usageMetadata":{"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":9}]}}`},
			&m{Text: 1}, nil, &m{Text: 9}},
		{"proto numbers and names", []string{`{"usage_metadata":{"prompt_tokens_details":[{"modality":4,"token_count":"2"},{"modality":2,"token_count":1},{"modality":"LATER","token_count":1}]}}`},
			&m{Audio: 2, Image: 1}, nil, nil},
		{"nothing that can be read", []string{`{"usageMetadata":{"promptTokensDetails":{"a":1},"candidatesTokensDetails":[1,null,{"modality":null,"tokenCount":-5},{"modality":"TEXT","tokenCount":-5}]}}`},
			&m{}, nil, &m{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoderOf(Expect{})
			for _, chunk := range c.chunks {
				if _, _, err := d.Each(nil, []byte(chunk), func([]conversation.Event) {}); err != nil {
					t.Fatal(err)
				}
			}
			input, cached, output := d.Modalities()
			if diff := cmp.Diff([]*m{c.input, c.cached, c.output}, []*m{input, cached, output}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
