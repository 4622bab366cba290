package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestResolution(t *testing.T) {
	media := func(mime, detail string) conversation.Part {
		p := blob(mime, "QQ==")
		p.Media.Detail = detail
		return p
	}
	const image = `"inlineData":{"mimeType":"image/png","data":"QQ=="}`
	level := func(data, level string) string {
		if level == "" {
			return `{` + data + `}`
		}
		return `{` + data + `,"mediaResolution":{"level":"MEDIA_RESOLUTION_` + level + `"}}`
	}
	for _, c := range []struct {
		name, model  string
		parts        []conversation.Part
		want, config string
		warnings     int
	}{
		{"3.x", strict, []conversation.Part{media("image/png", "low"), media("image/png", ""), media("image/png", "high"), media("image/png", "max")},
			level(image, "LOW") + "," + level(image, "") + "," + level(image, "HIGH") + "," + level(image, "ULTRA_HIGH"), ``, 0},
		{"highest for images only", strict, []conversation.Part{media("application/pdf", "max")},
			level(`"inlineData":{"mimeType":"application/pdf","data":"QQ=="}`, "HIGH"), ``, 0},
		{"2.5, all agree", older, []conversation.Part{media("image/png", "low"), media("image/png", "low")},
			level(image, "") + "," + level(image, ""), `{"mediaResolution":"MEDIA_RESOLUTION_LOW"}`, 0},
		{"2.5, the highest", older, []conversation.Part{media("image/png", "max"), media("image/png", "high")},
			level(image, "") + "," + level(image, ""), `{"mediaResolution":"MEDIA_RESOLUTION_HIGH"}`, 0},
		{"2.5, they differ", older, []conversation.Part{media("image/png", "low"), media("image/png", "")},
			level(image, "") + "," + level(image, ""), ``, 1},
		{"2.5, none", older, []conversation.Part{media("image/png", "")}, level(image, ""), ``, 0},
	} {
		req := &conversation.Request{Messages: []conversation.Message{user(c.parts...)}}
		body := rendered(t, req, Target{Model: c.model}, Options{})
		if got, want := string(body["contents"]), `[{"role":"user","parts":[`+c.want+`]}]`; got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, want)
		}
		if got := string(body["generationConfig"]); got != c.config || len(req.Warnings) != c.warnings {
			t.Errorf("%s: got %s, warnings %v", c.name, got, req.Warnings)
		}
	}
}

func TestResolutionInResults(t *testing.T) {
	p := blob("image/png", "QQ==")
	p.Media.Detail = "low"
	req := &conversation.Request{Messages: []conversation.Message{user(text("hi")), model(call("a", "x", `{}`)), user(result("a", p))}}
	rendered(t, req, Target{Model: strict}, Options{})
	if len(req.Warnings) != 1 {
		t.Errorf("warnings: %v", req.Warnings)
	}
}
