package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/test/fakegemini"
)

const (
	nativePath  = "/v1beta/models/gemini-3.5-flash:generateContent"
	nativeHello = `{"role":"user","parts":[{"text":"hi"}]}`
)

var nativeAPI = &api{
	name: "native", path: nativePath,
	own:        nativeLists(),
	ask:        `{"contents":[` + nativeHello + `]}`,
	askWhole:   `{"contents":[` + nativeHello + `]}`,
	pathStream: "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
}

// nativeFields are the repeated fields and maps of the API's own field table.
func nativeFields() []sample {
	var out []sample
	for _, at := range []target{studio, vertex} {
		for _, f := range fakegemini.ListFields(at == vertex) {
			out = append(out, sample{name: fmt.Sprintf("native %s (%v)", f.Path, [3]string{"AI Studio", "Vertex AI", ""}[at]), api: nativeAPI, at: at,
				body: list(f.Before, func(i int) string { return strings.Replace(f.Element, "#", strconv.Itoa(i), 1) }, f.After)})
		}
	}
	return out
}

func nativeLists() []sample {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	model := `{"contents":[` + nativeHello + `,{"role":"model","parts":[`
	return append([]sample{
		{name: "contents in turn", body: list(`{"contents":[`, func(i int) string {
			return fmt.Sprintf(`{"role":%q,"parts":[{"text":"t"}]}`, [2]string{"user", "model"}[i%2])
		}, `,`+nativeHello+`]}`)},
		{name: "contents: calls, each alone", body: list(`{"contents":[`+nativeHello+`,`, numbered(`{"role":"model","parts":[{"functionCall":{"name":"f%d","args":{}}}]}`), `,`+nativeHello+`]}`)},
		{name: "contents: roles that are none", body: list(`{"contents":[`, numbered(`{"role":"r%d","parts":[{"text":"t"}]}`), `,`+nativeHello+`]}`)},
		{name: "parts: texts", body: list(`{"contents":[{"role":"user","parts":[`, numbered(`{"text":"t%d"}`), `]}]}`)},
		{name: "parts: calls", body: list(model, numbered(`{"functionCall":{"id":"c%d","name":"f","args":{}}}`), `]},`+nativeHello+`]}`)},
		{name: "parts: answers", body: list(`{"contents":[`+nativeHello+`,{"role":"user","parts":[`, numbered(`{"functionResponse":{"id":"c%d","name":"f","response":{}}}`), `]}]}`)},
		{name: "parts: answers beside texts", body: list(`{"contents":[`+nativeHello+`,{"role":"user","parts":[`, func(i int) string {
			return [2]string{`{"functionResponse":{"name":"f","response":{}}}`, `{"text":"t"}`}[i%2]
		}, `]}]}`)},
		{name: "parts: signed answers beside texts", body: list(`{"contents":[`+nativeHello+`,{"role":"user","parts":[`, func(i int) string {
			return [2]string{`{"functionResponse":{"name":"f","response":{}},"thoughtSignature":"c2ln"}`, `{"text":"t","partMetadata":{}}`}[i%2]
		}, `]}]}`)},
		{name: "parts: server tools", at: vertex, body: list(model, numbered(`{"toolCall":{"id":"c%d","toolType":"GOOGLE_SEARCH_WEB","args":{}}}`), `]},`+nativeHello+`]}`)},
		{name: "parts: named media", body: list(`{"contents":[{"role":"user","parts":[`, numbered(`{"inlineData":{"mimeType":"image/png","data":"AAAA","displayName":"d%d"}}`), `]}]}`)},
		{name: "the same member again and again", body: list(`{"contents":[`+nativeHello+`],"generationConfig":{`, func(int) string { return `"presencePenalty":1` }, `}}`)},
		{name: "tools: schemas that hold themselves", body: list(`{"contents":[`+nativeHello+`],"tools":[{"functionDeclarations":[`,
			numbered(`{"name":"f%d","parametersJsonSchema":{"type":"object","properties":{"p":{"$ref":"#"}},"required":["p"]}}`), `]}]}`)},
	}, nativeSchemas()...)
}

// nativeSchemas are the lists of schemas that are the same at all targets.
func nativeSchemas() []sample {
	list := schemas(`{"contents":[`+nativeHello+`],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":`, `}]}]}`)
	return slices.DeleteFunc(list, func(s sample) bool { return s.at != studio })
}
