package e2e

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// imageEdit is a form with an image of some megabytes.
func imageEdit(t *testing.T) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreateFormFile("image[]", "a.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(slices.Concat(fakegemini.Picture(), bytes.Repeat([]byte{0, 0xff, '\r', '\n', '-', '-'}, 300_000)))
	_ = form.WriteField("prompt", "larger")
	_ = form.WriteField("model", "gpt-image-1")
	_ = form.Close()
	return form.FormDataContentType(), b.Bytes()
}

// What fails before there is an image is healed; what will not become one is an
// error that says why.
func TestImages(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true, Keys: []string{"key-1", "key-2"}})
		formType, form := imageEdit(t)
		const asked, chat = `{"model":"dall-e-3","prompt":"a dot"}`, `{"model":"gemini-3.1-flash-image","messages":[{"role":"user","content":"a dot"}],"modalities":["text","image"]}`
		image := `"b64_json":"` + base64.StdEncoding.EncodeToString(fakegemini.Picture()) + `"`
		for _, c := range []struct {
			name, path, contentType string
			body                    []byte
			want                    string
		}{
			{"generation", "/v1/images/generations", "application/json", []byte(asked), image},
			{"generation in a stream", "/v1/images/generations", "application/json", []byte(strings.Replace(asked, "{", `{"stream":true,`, 1)), "event: image_generation.completed\ndata: "},
			{"edit", "/v1/images/edits", formType, form, image},
			{"chat", "/v1/chat/completions", "application/json", []byte(chat), `"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,`},
			{"responses", "/v1/responses", "application/json", []byte(`{"model":"gemini-3-pro-image","input":"a dot","tools":[{"type":"image_generation","size":"1024x1024"}],"tool_choice":{"type":"image_generation"}}`), `"type":"image_generation_call","status":"completed"`},
		} {
			t.Run(c.name, func(t *testing.T) {
				own := strings.HasPrefix(c.path, "/v1/images/")
				for _, f := range []struct {
					name     string
					script   []fakegemini.Reply
					status   int
					attempts string
					want     string
					only     bool // of the Images API
				}{
					{"nothing fails", nil, 200, "1", c.want, false},
					{"empty 200", once(fakegemini.EmptyOK()), 200, "2", c.want, false},
					{"503", once(fakegemini.Status(503)), 200, "2", c.want, false},
					{"429", once(fakegemini.Status(429)), 200, "2", c.want, false},
					{"no image", once(fakegemini.FinishWithoutParts("NO_IMAGE")), 200, "2", c.want, false},
					{"broken off before the image", once(fakegemini.Text("Here is").Finish("")), 200, "2", c.want, true},
					{"refused", once(fakegemini.FinishWithoutParts("IMAGE_SAFETY")), 400, "1", `"code":"moderation_blocked"`, true},
					{"prompt blocked", once(fakegemini.Blocked("PROHIBITED_CONTENT")), 400, "1", `"code":"moderation_blocked"`, true},
					{"words alone", once(fakegemini.Text("I cannot draw that.")), 400, "1", "I cannot draw that.", true},
				} {
					if f.only && !own {
						continue
					}
					s.Fakes["a"].Reset()
					s.Fakes["a"].Enqueue(f.script...)
					resp, err := http.Post(s.URL+c.path, c.contentType, bytes.NewReader(c.body)) //nolint:noctx // ends with the set-up
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil || resp.StatusCode != f.status || !strings.Contains(string(body), f.want) || resp.Header.Get("x-heald-attempts") != f.attempts {
						t.Errorf("%s: %d %.500s, %v, attempts %s", f.name, resp.StatusCode, body, err, resp.Header.Get("x-heald-attempts"))
					}
					for _, r := range s.Fakes["a"].Requests() {
						if r.Rejected != "" {
							t.Errorf("%s: refused upstream: %s", f.name, r.Rejected)
						}
					}
				}
			})
		}
	})
}
