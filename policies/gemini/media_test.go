package gemini

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Vertex AI refuses a reference without a type; AI Studio finds out itself.
func TestMediaByAddressWithoutType(t *testing.T) {
	for _, c := range []struct {
		name   string
		target Target
		mime   string
		want   string
		warned bool
	}{
		{"vertex, unknown", Target{Kind: Vertex, Version: "v1", Project: "p", Location: "global", Model: "gemini-3.5-flash"}, "", `"mimeType":"image/jpeg"`, true},
		{"vertex, known", Target{Kind: Vertex, Version: "v1", Project: "p", Location: "global", Model: "gemini-3.5-flash"}, "image/png", `"mimeType":"image/png"`, false},
		{"ai studio, unknown", Target{Kind: AIStudio, Version: "v1beta", Model: "gemini-3.5-flash"}, "", `{"fileData":{"fileUri":"https://example.com/cat"}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{
				{Kind: conversation.KindMedia, Media: &conversation.Media{URI: "https://example.com/cat", MIME: c.mime}},
			}}}}
			r, err := Render(req, c.target, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(r.Body), c.want) || (len(req.Warnings) > 0) != c.warned {
				t.Errorf("body %s\nwarnings %v\nwant %s, warned %v", r.Body, req.Warnings, c.want, c.warned)
			}
		})
	}
}
