package sdk

import (
	"encoding/base64"
	"os/exec"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// OpenAI's SDKs get images, and go on with them: every image brings its
// signature back, for want of which upstream would refuse the history.
func TestImages(t *testing.T) {
	dot := base64.StdEncoding.EncodeToString(fakegemini.Picture())
	for name, cmd := range map[string]func(testing.TB) *exec.Cmd{"python": python("openai_images.py"), "npm": npm("openai-images.mjs")} {
		t.Run(name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Fake: fakegemini.Options{RefusePlaceholder: true}})
			running := start(t, s.URL, cmd(t))
			for _, c := range []struct{ do, want, sent string }{
				{"generate", "PNG 1x1", `"imageConfig":{"aspectRatio":"1:1"}`},
				{"generate_stream", "image_generation.completed PNG", `"responseModalities":["IMAGE"]`},
				{"edit", "PNG", `"data":"` + dot + `"}},{"inlineData":{"mimeType":"image/png","data":"` + dot + `"}},{"text":"a dot"}]`},
				{"chat", "PNG PNG", `"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9"}`},
				{"chat_stream", "PNG PNG", `"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9"}`},
				{"responses", "PNG PNG", `"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"3:2"}`},
			} {
				t.Run(c.do, func(t *testing.T) {
					s.Fake().Reset()
					s.Fake().Enqueue(fakegemini.EmptyOK())
					got := running.do(t, task{Do: c.do, Prompt: "a dot", Image: fakegemini.Picture()})
					if got.Error != nil {
						t.Fatalf("raised %s %d: %s", got.Error.Class, got.Error.Status, got.Error.Message)
					}
					if own := c.do == "generate" || c.do == "generate_stream" || c.do == "edit"; got.Text != c.want || own && got.Tokens == 0 {
						t.Errorf("got %+v, want %s", got, c.want)
					}
					for _, r := range s.Fake().Requests() {
						if r.Rejected != "" || !strings.Contains(string(r.Body), c.sent) {
							t.Errorf("upstream got %q: %s", r.Rejected, r.Body)
						}
					}
				})
			}
		})
	}
}
