package native

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/test/fixture"
)

// Whatever arrives, what goes upstream is valid JSON that needs no second
// repair, or an error says what is wrong.
func FuzzRepair(f *testing.F) {
	for _, c := range fixture.Load(f, "testdata/repair") {
		for way := range uint8(16) {
			f.Add(c.File("request.json"), way)
		}
	}
	f.Add([]byte(`{"tools":[{"functionDeclarations":[{"parameters":{"properties":{"enum":{"format":"x"}},"items":[{"enum":[1]}],"anyOf":{"pattern":"a"}}}]}],"generationConfig":{"_responseJsonSchema":{"minimum":1}}}`), uint8(64))
	f.Add([]byte(`{"contents":{"role":"x","parts":{"text":""}},"contents":[],"tools":{}}`), uint8(1))
	f.Add([]byte(`{"contents":[{"parts":[{"text":"cut \ud83d here, \ud8`+"\xff"+`d\ude00"}]}]}`), uint8(14))
	f.Fuzz(func(t *testing.T, body []byte, way uint8) {
		models := []string{"gemini-3.8-flash", "gemini-2.5-flash", "gemini-3-pro-image", "gemma"}
		target := gemini.Target{Model: models[way>>4&3]}
		var opts gemini.Options
		if way&1 != 0 {
			target.Kind = gemini.Vertex
		}
		if way&2 != 0 {
			opts.Operation = conversation.CountTokens
		}
		opts.StripSignatures, opts.NoPlaceholder, opts.RelaxSchema = way&4 != 0, way&8 != 0, way&64 != 0
		once, _, err := New().Repair(&conversation.Request{}, body, target, opts)
		if err != nil {
			var known *conversation.Error
			if !errors.As(err, &known) || known.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		if !jsontext.Value(once).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("not valid:\n%s\nfrom\n%s", once, body)
		}
		if duplicates := !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)); duplicates {
			return // which of two members of one name counts is not settled
		}
		twice, _, err := New().Repair(&conversation.Request{}, once, target, opts)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("repaired again, %v:\n%s\nfrom\n%s\nfrom\n%s", err, twice, once, body)
		}
	})
}

// The summary of any body is well formed.
func FuzzSummary(f *testing.F) {
	f.Add([]byte(`{"contents":[{"role":"model"},{"parts":[{"text":"a"},{"text":"b","thought":true},{"inlineData":{}}]}],"systemInstruction":"x","tools":[{}],"generationConfig":{"maxOutputTokens":1}}`))
	f.Add([]byte(`{"contents":{"parts":{"text":"\u12"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req := New().Summary(body)
		for _, parts := range [][]conversation.Part{req.System, lastParts(req)} {
			for _, p := range parts {
				if text := jsontext.Value(p.Text); p.Kind == conversation.KindText && (text.Kind() != '"' || !text.IsValid()) {
					t.Fatalf("%q in what is told of %q", text, body)
				}
			}
		}
		for _, s := range New().Schemas(body) {
			if !jsontext.Value(s).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
				t.Fatalf("%q among the schemas of %q", s, body)
			}
		}
	})
}

func lastParts(req *conversation.Request) []conversation.Part {
	if n := len(req.Messages); n > 0 {
		return req.Messages[n-1].Parts
	}
	return nil
}

// However a stream is odd, its document is valid JSON.
func FuzzFold(f *testing.F) {
	f.Add([]byte(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"citationMetadata":{"a":[1]}}]}`), []byte(`[{"candidates":{"index":1}},{"usageMetadata":null}]`))
	f.Add([]byte(`{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"functionCall":{}}]},"logprobsResult":{"a":[]}}]}`), []byte(`{"candidates":[{"content":{"parts":{"text":""}},"logprobsResult":{"a":[ ]}}]}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
		if !jsontext.Value(a).IsValid(lenient...) || !jsontext.Value(b).IsValid(lenient...) || a[0] == '"' || b[0] == '"' {
			return // the decoder has refused it
		}
		for _, e := range []frameEncoder{&documentEncoder{}, &arrayEncoder{}} {
			out := e.EncodeFrame(e.EncodeFrame(nil, a), b)
			if out = e.Encode(out, finish); !jsontext.Value(out).IsValid(lenient...) {
				t.Fatalf("%s", out)
			}
		}
	})
}
