package images

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/textproto"
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

func TestMatch(t *testing.T) {
	for path, want := range map[string]dialect.Route{
		"/v1/images/generations":  {Method: generations},
		"/v1/images/edits":        {Method: edits, Form: true},
		"/v1/images/variations":   {},
		"/v1/images/generations/": {},
		"/v1/generations":         {},
	} {
		if got, ok := New().Match("POST", path); got != want || ok != (want.Method != "") {
			t.Errorf("%s: %+v, %t", path, got, ok)
		}
		if _, ok := New().Match("GET", path); ok {
			t.Errorf("GET %s is served", path)
		}
	}
}

func TestTables(t *testing.T) { dialecttest.CheckTables(t, Tables(), requestFields, imageFields) }

const inline = "data:image/jpeg;base64,AAAA"

// file is a field of a form that is one.
type file struct{ field, contentType, data string }

// formOf is a form with files and then pairs of names and values.
func formOf(t testing.TB, files []file, values ...string) (policies.Headers, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="` + f.field + `"; filename="a"`}, "Content-Type": {f.contentType}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(f.data))
	}
	for i := 0; i+1 < len(values); i += 2 {
		_ = w.WriteField(values[i], values[i+1])
	}
	_ = w.Close()
	return policies.Headers{{Name: "content-type", Value: w.FormDataContentType()}}, b.Bytes()
}

func TestDecode(t *testing.T) {
	png := "\x89PNG\r\n\x1a\n"
	for _, c := range []struct {
		name     string
		edit     bool
		json     string
		files    []file
		values   []string
		model    string
		media    []conversation.Media
		image    conversation.Image
		own      own
		warnings int
	}{
		{name: "a prompt", json: `"prompt":"p"`, model: "gpt-image-1", own: own{words: 3}},
		{name: "all fields", json: `"prompt":"p","model":"dall-e-3","n":1,"size":"1792x1024","quality":"hd","style":"vivid","response_format":"b64_json","user":"u","output_format":"webp","output_compression":50,"background":"transparent","moderation":"low","partial_images":2,"stream":true`,
			model: "dall-e-3", image: conversation.Image{Width: 1792, Height: 1024, MIME: "image/webp", Quality: new(50)}, own: own{words: 3, stream: true}, warnings: 5},
		{name: "what says nothing", json: `"prompt":"p","size":"","quality":"","response_format":"","output_format":"","image":null,"mask":null,"n":null`, model: "gpt-image-1", own: own{words: 3}},
		{name: "an edit in JSON", edit: true, json: `"prompt":"p","images":[{"image_url":"` + inline + `"},{"image_url":{"url":"` + inline + `"}}],"image":"https://a.example/b.png"`, model: "gpt-image-1",
			media: []conversation.Media{{MIME: "image/jpeg", Data: conversation.Quote("AAAA")}, {MIME: "image/jpeg", Data: conversation.Quote("AAAA")}, {MIME: "image/png", URI: "https://a.example/b.png"}},
			own:   own{words: 3, edit: true, images: 3}},
		{name: "an edit as a form", edit: true, files: []file{{"image[]", "image/webp", "w"}, {"image", "application/octet-stream", png}},
			values: []string{"prompt", "p", "model", "m", "n", "1", "stream", "true", "size", "1024x1024", "quality", "", "output_compression", "7", "input_fidelity", "high", "shade", "red"}, model: "m",
			media: []conversation.Media{{MIME: "image/webp", Data: conversation.Quote("dw==")}, {MIME: "image/png", Data: conversation.Quote("iVBORw0KGgo=")}},
			image: conversation.Image{Width: 1024, Height: 1024, Quality: new(7)}, own: own{words: 3, edit: true, images: 2, stream: true}, warnings: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			route, headers, body := dialect.Route{Method: generations}, policies.Headers(nil), []byte(`{`+c.json+`}`)
			if c.edit {
				route = dialect.Route{Method: edits, Form: true}
			}
			if c.json == "" {
				headers, body = formOf(t, c.files, c.values...)
			}
			req, err := New().Decode(route, headers, body)
			if err != nil {
				t.Fatal(err)
			}
			dialecttest.CheckRequest(t, req)
			parts := req.Messages[0].Parts
			var media []conversation.Media
			for _, p := range parts[:len(parts)-1] {
				media = append(media, *p.Media)
			}
			if last := parts[len(parts)-1]; last.Text.String() != "p" || !reflect.DeepEqual(media, c.media) {
				t.Errorf("parts %+v", parts)
			}
			if req.Model != c.model || req.Stream || !reflect.DeepEqual(*req.Output.Image, c.image) || !reflect.DeepEqual(req.Output.Modalities, []string{"image"}) || req.Own != c.own {
				t.Errorf("got %+v, image %+v", req, req.Output.Image)
			}
			if len(req.Warnings) != c.warnings {
				t.Errorf("warnings %v", req.Warnings)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	image := []file{{"image", "image/png", "x"}}
	for _, c := range []struct {
		name   string
		edit   bool
		json   string
		files  []file
		values []string
		want   string
	}{
		{name: "no prompt", json: `"model":"m"`, want: "prompt: Field required"},
		{name: "URLs", json: `"prompt":"p","response_format":"url"`, want: "ask for b64_json"},
		{name: "an image to generations", json: `"prompt":"p","image":"` + inline + `"`, want: "/v1/images/edits"},
		{name: "no image", edit: true, json: `"prompt":"p"`, want: "image: Field required"},
		{name: "a mask", edit: true, json: `"prompt":"p","image":"` + inline + `","mask":{"image_url":"x"}`, want: "no masks"},
		{name: "a file of another service", edit: true, json: `"prompt":"p","images":[{"file_id":"f"}]`, want: "images[0].file_id"},
		{name: "no URL", edit: true, json: `"prompt":"p","images":["x"]`, want: "images[0]: Input should be"},
		{name: "no object", edit: true, json: `"prompt":"p","images":[7]`, want: "images[0]"},
		{name: "a mask as a file", edit: true, files: append(image, file{"mask", "image/png", "x"}), values: []string{"prompt", "p"}, want: "no masks"},
		{name: "an empty file", edit: true, files: []file{{"image", "image/png", ""}}, values: []string{"prompt", "p"}, want: "image: the file is empty"},
		{name: "a file that is no image", edit: true, files: []file{{"image", "application/octet-stream", "text"}}, values: []string{"prompt", "p"}, want: "no image that is known"},
		{name: "a file in the place of a value", edit: true, files: append(image, file{"size", "image/png", "x"}), values: []string{"prompt", "p"}, want: "size: a value belongs here"},
		{name: "a number that is none", edit: true, files: image, values: []string{"prompt", "p", "n", "two"}, want: "n: Input should be"},
		{name: "neither", edit: true, files: image, values: []string{"prompt", "p", "stream", "maybe"}, want: "stream: Input should be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			route, headers, body := dialect.Route{Method: generations}, policies.Headers(nil), []byte(`{`+c.json+`}`)
			if c.edit {
				route = dialect.Route{Method: edits, Form: true}
			}
			if c.json == "" {
				headers, body = formOf(t, c.files, c.values...)
			}
			_, err := New().Decode(route, headers, body)
			var e *conversation.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// Whatever comes is a request that holds together, or an error of ours.
func FuzzDecode(f *testing.F) {
	headers, body := formOf(f, []file{{"image", "image/png", "x"}}, "prompt", "p", "n", "1", "stream", "true")
	f.Add(headers.Get("content-type"), body)
	f.Add("application/json", []byte(`{"prompt":"p","images":[{"image_url":"`+inline+`"},"https://a/b"],"size":"1x1","n":2}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		for _, name := range []string{generations, edits} {
			req, err := New().Decode(dialect.Route{Method: name, Form: name == edits}, policies.Headers{{Name: "content-type", Value: contentType}}, body)
			var e *conversation.Error
			switch {
			case err == nil:
				dialecttest.CheckRequest(t, req)
			case !errors.As(err, &e):
				t.Errorf("%T: %v", err, err)
			}
		}
	})
}
