package main

import (
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// target is an upstream that every request is translated for. They differ in
// what the corpus can touch: signatures, ids, tools beside JSON, media in
// results, sampling.
type target struct {
	name     string
	model    string
	backend  route.Backend
	lowest   string // thinking level
	old      bool   // 2.5: no built-in tools or JSON beside functions
	sampling bool   // honors temperature and the like
	trailing bool   // continues a model turn
}

var targets = []target{
	{name: "3.8@ai_studio", model: "gemini-3.8-flash", lowest: "low", backend: route.Backend{Kind: route.AIStudio}},
	{name: "3.5@vertex", model: "gemini-3.5-flash", lowest: "minimal", sampling: true, trailing: true,
		backend: route.Backend{Kind: route.Vertex, Project: "project", Location: "global"}},
	{name: "2.5@ai_studio", model: "gemini-2.5-flash", old: true, sampling: true, trailing: true,
		backend: route.Backend{Kind: route.AIStudio}},
}

// everything lets recorded requests name any resource: the translation is
// tested here, not the policy.
var everything = allow.Rules{
	FileURIs: []string{"any"}, Tools: []string{"any"}, CachedContents: "any", Safety: "any", Labels: true,
}

// path is where the target is asked for an answer.
func (t target) path() string {
	if t.backend.Kind == route.Vertex {
		return "/v1/projects/project/locations/global/publishers/google/models/" + t.model + ":generateContent"
	}
	return "/v1beta/models/" + t.model + ":generateContent"
}

// strict are all rules of the fake Gemini, except that signatures of recorded
// histories, which are not its own, need only be present.
var strict = fakegemini.Options{PresenceOnly: true}

// outputLimit is that of every model of the targets.
const outputLimit = 65_536
