package gemini

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestTargetPath(t *testing.T) {
	vertex := Target{Kind: Vertex, Project: "p1", Location: "europe-west4", Model: "gemini-2.5-pro"}
	for _, c := range []struct {
		name   string
		target Target
		op     conversation.Operation
		stream bool
		want   string
	}{
		{"stream", Target{Model: "gemini-3.5-flash"}, conversation.Generate, true,
			"/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"},
		{"unary", Target{Model: "gemini-3.5-flash"}, conversation.Generate, false,
			"/v1beta/models/gemini-3.5-flash:generateContent"},
		{"count never streams", Target{Model: "gemini-3.5-flash"}, conversation.CountTokens, true,
			"/v1beta/models/gemini-3.5-flash:countTokens"},
		{"prefix", Target{Model: "models/gemini-3.5-flash", Version: "v1"}, conversation.Generate, false,
			"/v1/models/gemini-3.5-flash:generateContent"},
		{"vertex", vertex, conversation.Generate, true,
			"/v1/projects/p1/locations/europe-west4/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse"},
		{"vertex count", vertex, conversation.CountTokens, false,
			"/v1/projects/p1/locations/europe-west4/publishers/google/models/gemini-2.5-pro:countTokens"},
		{"vertex express", Target{Kind: Vertex, Version: "v1beta1", Model: "m"}, conversation.Generate, false,
			"/v1beta1/publishers/google/models/m:generateContent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.target.Path(c.op, c.stream); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestListPath(t *testing.T) {
	for _, c := range []struct {
		target      Target
		token, want string
	}{
		{Target{}, "", "/v1beta/models?pageSize=1000"},
		{Target{Version: "v1"}, "a&b=c", "/v1/models?pageSize=1000&pageToken=a%26b%3Dc"},
		{Target{Kind: Vertex, Version: "v1", Project: "p", Location: "l"}, "", "/v1beta1/publishers/google/models?pageSize=1000"},
	} {
		if got := c.target.ListPath(c.token); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// Gemini 3 pairs calls and answers by their ids, wherever it is served; Vertex
// AI's older models have none.
func TestTargetCallIDs(t *testing.T) {
	for _, model := range []string{"gemini-3-flash-preview", "gemini-3.1-pro-preview", "gemini-3.8-flash", "models/gemini-4-flash", "gemini-flash-latest"} {
		for _, kind := range []Kind{AIStudio, Vertex} {
			for _, version := range []string{"", "v1", "v1beta1"} {
				target := Target{Kind: kind, Version: version, Model: model}
				can := DefaultTable.Capabilities(model)
				if !target.CallIDs(can, false) || target.CallIDs(can, true) {
					t.Errorf("%+v", target)
				}
			}
		}
	}
	for _, model := range []string{"gemini-2.5-flash", "gemini-2.0-flash", "gemma-3"} {
		can := DefaultTable.Capabilities(model)
		if !(Target{Model: model}).CallIDs(can, false) || (Target{Kind: Vertex, Model: model}).CallIDs(can, false) {
			t.Error(model)
		}
	}
}

func TestCredential(t *testing.T) {
	if n, v := Credential("k", false); n != "x-goog-api-key" || v != "k" {
		t.Errorf("key: %s: %s", n, v)
	}
	if n, v := Credential("t", true); n != "authorization" || v != "Bearer t" {
		t.Errorf("token: %s: %s", n, v)
	}
}

func TestValidModel(t *testing.T) {
	good := []string{"gemini-3.5-flash", "models/gemini-2.5-pro", "gemini-2.5-flash-preview-09-2025", "a", strings.Repeat("a", 128)}
	bad := []string{"", "models/", "a/../b", "..", ".a", "a%2Fb", "a b", "a?b", "a:b", "a#b", "models/models/a", "ä", "a\n",
		strings.Repeat("a", 129)}
	for _, name := range good {
		if err := ValidModel(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range bad {
		if ValidModel(name) == nil {
			t.Errorf("%q was let through", name)
		}
	}
}
