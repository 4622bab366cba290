package endpoint

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// named are the features that there are, of a dialect or of an encoder.
func named(features map[string]bool) []string {
	var out []string
	for name, has := range features {
		if has {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func featuresOf(d dialect.Dialect) []string {
	f := d.Features()
	return named(map[string]bool{"count": f.TokenCount != nil, "embed": f.Embeddings != nil, "rates": f.RateHeaders != nil, "direct": f.Direct != nil})
}

func encoderFeatures(e dialect.Encoder) []string {
	if e == nil {
		return nil
	}
	f := e.Features()
	return named(map[string]bool{"frame": f.EncodeFrame != nil, "unfinished": f.Unfinished != nil, "held": f.Held != nil})
}

// Only the dialect itself lists its features, so a forgotten one would not be
// noticed elsewhere.
func TestFeatures(t *testing.T) {
	rows := map[string]struct{ dialect, stream, whole []string }{
		"claude":         {dialect: []string{"count", "rates"}},
		"chat":           {dialect: []string{"rates"}},
		"completions":    {dialect: []string{"rates"}, stream: []string{"held"}, whole: []string{"held"}},
		"responses":      {dialect: []string{"count", "rates"}, stream: []string{"held"}, whole: []string{"held"}},
		"gemini":         {dialect: []string{"count", "direct", "embed"}, stream: []string{"frame"}, whole: []string{"frame"}},
		"embeddings":     {dialect: []string{"embed"}},
		"transcriptions": {stream: []string{"held", "unfinished"}, whole: []string{"held", "unfinished"}},
		"images":         {stream: []string{"held", "unfinished"}, whole: []string{"held", "unfinished"}},
	}
	for _, d := range Dialects {
		want, ok := rows[d.Name()]
		if !ok {
			t.Errorf("%s has no row", d.Name())
		}
		if got := featuresOf(d); !slices.Equal(got, want.dialect) {
			t.Errorf("%s: %q, want %q", d.Name(), got, want.dialect)
		}
		for stream, want := range map[bool][]string{true: want.stream, false: want.whole} {
			if got := encoderFeatures(d.Encoder(&conversation.Request{Stream: stream})); !slices.Equal(got, want) {
				t.Errorf("%s, stream %t: %q, want %q", d.Name(), stream, got, want)
			}
		}
	}
	if len(rows) != len(Dialects) {
		t.Errorf("%d rows of %d dialects", len(rows), len(Dialects))
	}
}

// A route for counts or vectors is of no use in a dialect that cannot word them.
func TestRoutesHaveTheirFeature(t *testing.T) {
	for path, op := range map[string]conversation.Operation{
		"/v1/messages/count_tokens": conversation.CountTokens, "/v1/responses/input_tokens": conversation.CountTokens,
		"/v1beta/models/gemini-3.5-flash:countTokens": conversation.CountTokens,
		"/v1/embeddings": conversation.Embed, "/v1beta/models/gemini-embedding-001:embedContent": conversation.Embed,
	} {
		e := Of(path)
		d, route, ok := e.Dialect(&policies.Request{Method: "POST"})
		if !ok || route.Operation != op {
			t.Errorf("%s is a route for %d", path, route.Operation)
		}
		if f := d.Features(); op == conversation.CountTokens && f.TokenCount == nil || op == conversation.Embed && f.Embeddings == nil {
			t.Errorf("%s cannot word the reply to %s", d.Name(), path)
		}
	}
}
