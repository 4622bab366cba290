package gemini

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

func TestSettings(t *testing.T) {
	const safety = `[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}]`
	all := conversation.Upstream{
		SafetySettings: conversation.Raw(safety), CachedContent: "cachedContents/x",
		Labels: conversation.Raw(`{"team":"a-b_1"}`), ServiceTier: "flex",
	}
	atVertex := all
	atVertex.CachedContent = "projects/p/locations/l/cachedContents/x"
	studio, vertex := Target{Model: older}, Target{Kind: Vertex, Project: "p", Location: "l", Model: older}
	const contents = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]`
	for _, c := range []struct {
		name     string
		target   Target
		own      conversation.Upstream
		opts     Options
		want     string
		headers  policies.Headers
		warnings int
	}{
		{"none", studio, conversation.Upstream{}, Options{}, contents + `}`, nil, 0},
		{"AI Studio", studio, all, Options{}, contents + `,"safetySettings":` + safety + `,"cachedContent":"cachedContents/x","serviceTier":"flex"}`, nil, 1},
		{"Vertex", vertex, atVertex, Options{}, contents + `,"safetySettings":` + safety + `,"cachedContent":"projects/p/locations/l/cachedContents/x","labels":{"team":"a-b_1"}}`,
			policies.Headers{{Name: "x-vertex-ai-llm-shared-request-type", Value: "flex"}}, 0},
		{"standard tier at Vertex", vertex, conversation.Upstream{ServiceTier: "standard"}, Options{}, contents + `}`, nil, 0},
		{"standard tier at AI Studio", studio, conversation.Upstream{ServiceTier: "standard"}, Options{}, contents + `,"serviceTier":"standard"}`, nil, 0},
		{"the owner's tier", studio, conversation.Upstream{ServiceTier: "flex"}, Options{Tier: Priority}, contents + `,"serviceTier":"priority"}`, nil, 0},
		{"the owner's tier at Vertex", vertex, conversation.Upstream{ServiceTier: "flex"}, Options{Tier: Priority}, contents + `}`, policies.Headers{{Name: TierHeader, Value: "priority"}}, 0},
		{"the owner's standard tier at Vertex", vertex, conversation.Upstream{ServiceTier: "flex"}, Options{Tier: Standard}, contents + `}`, nil, 0},
		{"what was bought", vertex, conversation.Upstream{ServiceTier: "flex"}, Options{Tier: Dedicated}, contents + `}`, policies.Headers{{Name: CapacityHeader, Value: "dedicated"}}, 0},
		{"what was bought is used up", vertex, conversation.Upstream{}, Options{Tier: Dedicated, Unprovisioned: true}, contents + `}`, policies.Headers{{Name: CapacityHeader, Value: "shared"}}, 0},
		{"nothing of what was bought, in a tier", vertex, conversation.Upstream{ServiceTier: "flex"}, Options{Unprovisioned: true}, contents + `}`,
			policies.Headers{{Name: TierHeader, Value: "flex"}, {Name: CapacityHeader, Value: "shared"}}, 0},
		{"no tier of a count", vertex, conversation.Upstream{}, Options{Tier: Dedicated, Unprovisioned: true, Operation: conversation.CountTokens}, contents + `}`, nil, 0},
		{"count at AI Studio", studio, all, Options{Operation: conversation.CountTokens},
			`{"generateContentRequest":{"model":"models/` + older + `",` + contents[1:] + `,"cachedContent":"cachedContents/x"}}`, nil, 0},
		{"count at Vertex", vertex, all, Options{Operation: conversation.CountTokens}, contents + `}`, nil, 0},
	} {
		req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Upstream: c.own}
		out, err := Render(req, c.target, c.opts)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if string(out.Body) != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, out.Body, c.want)
		}
		if diff := cmp.Diff(c.headers, out.Headers); diff != "" || len(req.Warnings) != c.warnings {
			t.Errorf("%s: headers %s, warnings %v", c.name, diff, req.Warnings)
		}
	}
}

func TestSettingsErrors(t *testing.T) {
	vertex := Target{Kind: Vertex, Model: older}
	cached := conversation.Upstream{CachedContent: "cachedContents/x"}
	labels := func(s string) conversation.Upstream { return conversation.Upstream{Labels: conversation.Raw(s)} }
	var many []string
	for i := range maxLabels + 1 {
		many = append(many, fmt.Sprintf(`"k%d":"v"`, i))
	}
	for _, c := range []struct {
		name   string
		target Target
		req    conversation.Request
		param  string
	}{
		{"cache beside system text", Target{Model: older}, conversation.Request{Upstream: cached, System: []conversation.Part{text("s")}}, "cached_content"},
		{"cache beside tools", Target{Model: older}, conversation.Request{Upstream: cached, Tools: []conversation.Tool{{Name: "a"}}}, "cached_content"},
		{"cache of AI Studio", vertex, conversation.Request{Upstream: cached}, "cached_content"},
		{"cache of Vertex AI", Target{Model: older}, conversation.Request{Upstream: conversation.Upstream{CachedContent: "projects/p/locations/l/cachedContents/x"}}, "cached_content"},
		{"safety that is no list", vertex, conversation.Request{Upstream: conversation.Upstream{SafetySettings: conversation.Raw(`{}`)}}, "safety_settings"},
		{"unknown tier", vertex, conversation.Request{Upstream: conversation.Upstream{ServiceTier: "gold"}}, "service_tier"},
		{"labels that are no object", vertex, conversation.Request{Upstream: labels(`[]`)}, "labels"},
		{"label with a capital", vertex, conversation.Request{Upstream: labels(`{"Team":"x"}`)}, "labels"},
		{"label without name", vertex, conversation.Request{Upstream: labels(`{"":"x"}`)}, "labels"},
		{"label that is a number", vertex, conversation.Request{Upstream: labels(`{"a":1}`)}, "labels"},
		{"long label", vertex, conversation.Request{Upstream: labels(`{"a":"` + strings.Repeat("x", 64) + `"}`)}, "labels"},
		{"too many labels", vertex, conversation.Request{Upstream: labels(`{` + strings.Join(many, ",") + `}`)}, "labels"},
	} {
		c.req.Messages = []conversation.Message{user(text("hi"))}
		_, err := Render(&c.req, c.target, Options{})
		var e *conversation.Error
		kind := conversation.ErrInvalid
		if strings.HasPrefix(c.name, "cache of") {
			kind = conversation.ErrUnsupported
		}
		if !errors.As(err, &e) || e.Kind != kind || e.Param != c.param {
			t.Errorf("%s: got %#v", c.name, err)
		}
	}
}
