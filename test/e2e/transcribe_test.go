package e2e

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// A recording of some megabytes, which is no text, gets through both hops, and
// again after a reply that is none.
func TestTranscription(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true})
		sound := append([]byte("RIFF\x00\x00\x00\x00WAVE"), bytes.Repeat([]byte{0, 0xff, 0x80, '\r', '\n', '-', '-'}, 300_000)...)
		for _, c := range []struct{ path, format, reply, want string }{
			{"/v1/audio/transcriptions", "json", "Hello there.", `{"text":"Hello there.",`},
			{"/v1/audio/transcriptions", "text", "Hello there.", "Hello there.\n"},
			{"/v1/audio/translations", "verbose_json", "Hello there.", `{"task":"translate","language":"english","duration":`},
		} {
			t.Run(c.path+" "+c.format, func(t *testing.T) {
				for name, fault := range map[string]fakegemini.Reply{"empty 200": fakegemini.EmptyOK(), "503": fakegemini.Status(503)} {
					s.Fakes["a"].Reset()
					s.Fakes["a"].Enqueue(fault, fakegemini.Text(c.reply))
					var b bytes.Buffer
					form := multipart.NewWriter(&b)
					file, err := form.CreateFormFile("file", "speech.wav")
					if err != nil {
						t.Fatal(err)
					}
					_, _ = file.Write(sound)
					_ = form.WriteField("model", "whisper-1")
					_ = form.WriteField("response_format", c.format)
					_ = form.Close()
					resp, err := http.Post(s.URL+c.path, form.FormDataContentType(), &b) //nolint:noctx // ends with the set-up
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(string(body), c.want) || resp.Header.Get("x-heald-attempts") != "2" {
						t.Errorf("%s: %d %s, %v, attempts %s", name, resp.StatusCode, body, err, resp.Header.Get("x-heald-attempts"))
					}
					for _, r := range s.Fakes["a"].Requests() {
						if r.Rejected != "" {
							t.Errorf("refused upstream: %s", r.Rejected)
						}
					}
				}
			})
		}
	})
}
