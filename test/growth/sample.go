package main

import (
	"context"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/route"
)

// sample is a list that can be made as long as one wants.
type sample struct {
	name string
	api  *api
	at   target
	// refused says that heald takes no such list: it must say so quickly.
	refused bool
	body    func(n int) []byte
	// reply says that body is the upstream's; chunk is how many bytes of it
	// come at a time, 0 for all.
	reply bool
	chunk int
	// whole asks for the reply in one document.
	whole bool
}

// api is a client API.
type api struct {
	name, path string
	// tables are those of its decoder, and where their objects stand in a
	// request: see derived.
	tables  func() []table
	holders map[string]string
	own     []sample
	// ask is a short request, for replies; askWhole one for a document.
	ask, askWhole string
	pathStream    string
}

// target is where a request is sent.
type target int

const (
	studio target = iota // Gemini 3.5 at AI Studio
	vertex               // the same at Vertex AI
	older                // Gemini 2.0, which has no references in schemas
)

// everything may be named: a request that is refused early measures nothing.
var everything = allow.Rules{FileURIs: []string{"any"}, Tools: []string{"any"}, CachedContents: "any", Safety: "any", Labels: true}

// translator makes a translator for a target. It remembers nothing: schemas
// that were compiled before would cost nothing.
func translator(at target) *exchange.Translator {
	cfg := exchange.TranslatorConfig{
		Model:    "gemini-3.5-flash",
		Backend:  route.Backend{Kind: route.AIStudio},
		Settings: route.Settings{Local: route.LocalSettings{Warmup: true, Title: true, Topic: true}, Allow: everything},
	}
	switch at {
	case vertex:
		cfg.Backend = route.Backend{Kind: route.Vertex, Project: "project", Location: "global"}
	case older:
		cfg.Model = "gemini-2.0-flash"
	}
	t, err := exchange.NewTranslator(cfg)
	if err != nil {
		panic("growth: " + err.Error()) // it is fixed
	}
	return t
}

func request(path string) *policies.Request {
	return &policies.Request{Method: "POST", Path: path, Authority: "localhost", Headers: policies.Headers{
		{Name: "content-type", Value: "application/json"}, {Name: policies.HeaderRequestID, Value: "growth"},
	}}
}

// prepare makes all that does not count and returns what does.
func (s sample) prepare(body []byte) (work func()) {
	t := translator(s.at)
	if !s.reply {
		return func() { t.Request(context.Background(), request(s.api.path), body) }
	}
	asked := s.translation(t)
	return func() { asked.Answer(200, eventStream, body, s.chunk) }
}

var eventStream = policies.Headers{{Name: ":status", Value: "200"}, {Name: "content-type", Value: "text/event-stream"}}

// translation is the request that a reply answers.
func (s sample) translation(t *exchange.Translator) *exchange.Translation {
	ask, path := s.api.ask, s.api.path
	if s.whole {
		ask = s.api.askWhole
	} else if s.api.pathStream != "" {
		path = s.api.pathStream
	}
	return t.Request(context.Background(), request(path), []byte(ask))
}

// list makes bodies of a list: what stands before it, its elements, and what
// follows.
func list(before string, element func(i int) string, after string) func(n int) []byte {
	return joined(before, ",", element, after)
}

func joined(before, comma string, element func(i int) string, after string) func(n int) []byte {
	return func(n int) []byte {
		var b strings.Builder
		b.WriteString(before)
		for i := range n {
			if i > 0 {
				b.WriteString(comma)
			}
			b.WriteString(element(i))
		}
		b.WriteString(after)
		return []byte(b.String())
	}
}

// samples are all that is measured.
func samples() []sample {
	var out []sample
	for _, a := range apis {
		for _, s := range a.own {
			s.api, s.name = a, a.name+" "+s.name
			out = append(out, s)
		}
		out = append(out, derived(a)...)
		out = append(out, replies(a)...)
	}
	return append(out, nativeFields()...)
}

var apis = []*api{claudeAPI, chatAPI, responsesAPI, nativeAPI}
