package gemini

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// An address that an API cannot read is refused with an error that says what to
// do instead.
func TestUnreadableFile(t *testing.T) {
	const files = "https://generativelanguage.googleapis.com/v1beta/files/abc"
	for _, c := range []struct{ uri, studio, vertex string }{
		{"https://example.com/a.png", "", ""},
		{"HTTPS://example.com/a.png", "", ""},
		{"https://www.youtube.com/watch?v=x", "", ""},
		{"https://youtu.be/x", "", ""},
		{"http://example.com/a.png", "https:// addresses only", ""},
		{"gs://b/o", "Files API", ""},
		{files, "", "gs://bucket/object"},
		{"files/abc", "", "gs://bucket/object"},
		{"https://example.com/files/abc", "", ""},
		{"data:image/png;base64,QQ==", "inline", "inline"},
		{"file:///tmp/a.png", "Files API", "Cloud Storage"},
		{"s3://b/o", "Files API", "Cloud Storage"},
		{"a.png", "Files API", "Cloud Storage"},
	} {
		for kind, want := range map[Kind]string{AIStudio: c.studio, Vertex: c.vertex} {
			got := kind.UnreadableFile(c.uri)
			if (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%d %s: %q, want %q", kind, c.uri, got, want)
			}
			req := &conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{
				{Kind: conversation.KindMedia, Media: &conversation.Media{URI: c.uri, MIME: "image/png"}},
			}}}}
			_, err := Render(req, Target{Kind: kind, Project: "p", Location: "l", Model: strict}, Options{})
			var e *conversation.Error
			if (err == nil) != (want == "") || err != nil && (!errors.As(err, &e) || e.Kind != conversation.ErrUnsupported || !strings.Contains(e.Message, want)) {
				t.Errorf("%d %s: %v", kind, c.uri, err)
			}
		}
	}
}

func TestAssumedMIME(t *testing.T) {
	for uri, want := range map[string]string{
		"https://www.youtube.com/watch?v=x": "video/mp4", "https://m.youtube.com/watch?v=x": "video/mp4", "https://youtu.be/x": "video/mp4",
		"https://example.com/youtube.com": "image/jpeg", "gs://b/o": "image/jpeg", ":": "image/jpeg",
	} {
		if got := AssumedMIME(uri); got != want {
			t.Errorf("%s: %s", uri, got)
		}
	}
}
