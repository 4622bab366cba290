package gemini

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Models that make images.
const (
	drawer   = "gemini-3.1-flash-image"
	painter  = "gemini-3-pro-image-preview"
	sketcher = "gemini-2.5-flash-image"
)

func pixels(w, h int) *conversation.Image { return &conversation.Image{Width: w, Height: h} }

func TestImageConfig(t *testing.T) {
	studio, vertex := AIStudio, Vertex
	for _, c := range []struct {
		name   string
		kind   Kind
		model  string
		want   *conversation.Image
		config string // imageConfig; "" for none
		warned string // part of the only warning; "" for none
	}{
		{"nothing said", studio, drawer, &conversation.Image{}, ``, ""},
		{"a ratio and a scale", studio, painter, &conversation.Image{Ratio: "21:9", Scale: "4k"}, `{"aspectRatio":"21:9","imageSize":"4K"}`, ""},
		{"a scale alone", studio, drawer, &conversation.Image{Scale: "0.5K"}, `{"imageSize":"512"}`, ""},
		{"the only scale of a model that is told none", studio, sketcher, &conversation.Image{Ratio: "3:4", Scale: "1K"}, `{"aspectRatio":"3:4"}`, ""},
		{"a model nobody knows is told what the client says", studio, "gemini-9-flash-image", &conversation.Image{Ratio: "7:5", Scale: "8K"}, `{"aspectRatio":"7:5","imageSize":"8K"}`, ""},
		{"a model without images", studio, strict, &conversation.Image{Ratio: "1:1"}, ``, "makes no images"},

		{"exact", studio, drawer, pixels(1024, 1024), `{"aspectRatio":"1:1"}`, ""},
		{"exact and large", studio, drawer, pixels(2048, 2048), `{"aspectRatio":"1:1","imageSize":"2K"}`, ""},
		{"exact and small", studio, drawer, pixels(512, 512), `{"aspectRatio":"1:1","imageSize":"512"}`, ""},
		{"too small", studio, painter, pixels(256, 256), `{"aspectRatio":"1:1"}`, "1:1 at 1K"},
		{"wide", studio, drawer, pixels(1536, 1024), `{"aspectRatio":"3:2"}`, "3:2 at 1K"},
		{"high", studio, drawer, pixels(1024, 1536), `{"aspectRatio":"2:3"}`, "2:3 at 1K"},
		{"wider", studio, drawer, pixels(1792, 1024), `{"aspectRatio":"16:9"}`, "16:9 at 1K"},
		{"higher", studio, drawer, pixels(1024, 1792), `{"aspectRatio":"9:16"}`, "9:16 at 1K"},
		{"4K on a screen", studio, drawer, pixels(3840, 2160), `{"aspectRatio":"16:9","imageSize":"4K"}`, "16:9 at 4K"},
		{"a banner", studio, drawer, pixels(4096, 512), `{"aspectRatio":"8:1","imageSize":"2K"}`, "8:1 at 2K"},
		{"a banner on a model without one", studio, painter, pixels(4096, 512), `{"aspectRatio":"21:9","imageSize":"2K"}`, "21:9 at 2K"},
		{"larger than the model makes", studio, sketcher, pixels(4096, 4096), `{"aspectRatio":"1:1"}`, "1:1 at 1K"},
		{"pixels for a model nobody knows", studio, "gemini-9-flash-image", pixels(1536, 1024), `{"aspectRatio":"3:2"}`, "3:2 at 1K"},

		{"a format at Vertex AI", vertex, drawer, &conversation.Image{MIME: "image/jpeg", Quality: new(80)}, `{"imageOutputOptions":{"mimeType":"image/jpeg","compressionQuality":80}}`, ""},
		{"a quality of nothing", vertex, drawer, &conversation.Image{MIME: "image/png", Quality: new(80)}, `{"imageOutputOptions":{"mimeType":"image/png"}}`, "it is for jpeg"},
		{"a format that is not made", vertex, drawer, &conversation.Image{MIME: "image/webp"}, ``, "makes png and jpeg"},
		{"a format at AI Studio", studio, drawer, &conversation.Image{MIME: "image/jpeg"}, ``, "chooses the format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("draw"))}, Output: conversation.Output{Image: c.want}}
			want := ""
			if c.config != "" {
				want = `{"imageConfig":` + c.config + `}`
			}
			body := rendered(t, req, Target{Kind: c.kind, Model: c.model}, Options{})
			if got := string(body["generationConfig"]); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if warned := len(req.Warnings) > 0; warned != (c.warned != "") || len(req.Warnings) > 1 || warned && !strings.Contains(req.Warnings[0].Why, c.warned) {
				t.Errorf("warnings: %v, want %q", req.Warnings, c.warned)
			}
		})
	}
}

// A ratio or scale in the upstream's own form is not changed.
func TestImageConfigRefused(t *testing.T) {
	for param, want := range map[string]*conversation.Image{"image.ratio": {Ratio: "1:8"}, "image.scale": {Scale: "512"}} {
		req := &conversation.Request{Messages: []conversation.Message{user(text("draw"))}, Output: conversation.Output{Image: want}}
		_, err := Render(req, Target{Model: painter}, Options{})
		var e *conversation.Error
		if !errors.As(err, &e) || e.Kind != conversation.ErrInvalid || e.Param != param || !strings.Contains(e.Message, "1") {
			t.Errorf("%+v: %v", want, err)
		}
	}
}

// A tool that makes images is the model itself, where it can.
func TestImageTool(t *testing.T) {
	tool := conversation.Tool{Kind: conversation.ImageMaking, Name: "image_generation", Image: &conversation.Image{Ratio: "1:1"}}
	function := conversation.Tool{Name: "f"}
	const square = `"imageConfig":{"aspectRatio":"1:1"}}`
	for _, c := range []struct {
		name, model string
		tools       []conversation.Tool
		choice      conversation.Choice
		config      string
		warnings    int
		refused     bool
	}{
		{"offered", drawer, []conversation.Tool{tool}, conversation.Choice{}, `{"responseModalities":["TEXT","IMAGE"],` + square, 0, false},
		{"required", drawer, []conversation.Tool{tool}, conversation.Choice{Mode: conversation.ChoiceAny}, `{"responseModalities":["TEXT","IMAGE"],` + square, 0, false},
		{"required beside a function that is left out", drawer, []conversation.Tool{function, tool}, conversation.Choice{Mode: conversation.ChoiceAny}, `{"responseModalities":["TEXT","IMAGE"],` + square, 1, false},
		{"forced", drawer, []conversation.Tool{tool}, conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{"image_generation"}}, `{"responseModalities":["IMAGE"],` + square, 0, false},
		{"beside a function on a model without images", strict, []conversation.Tool{tool, function}, conversation.Choice{}, ``, 1, false},
		{"alone on a model without images", strict, []conversation.Tool{tool}, conversation.Choice{}, ``, 1, false},
		{"forced on a model without images", strict, []conversation.Tool{tool, function}, conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{"image_generation"}}, ``, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("draw"))}, Tools: c.tools, Choice: c.choice}
			out, err := Render(req, Target{Model: c.model}, Options{})
			if refused := err != nil; refused != c.refused || refused && !strings.Contains(err.Error(), ImageModel) {
				t.Fatal(err)
			}
			if err == nil && (!strings.Contains(string(out.Body), c.config) || c.config == "" && strings.Contains(string(out.Body), "generationConfig")) {
				t.Errorf("got  %s\nwant %s", out.Body, c.config)
			}
			if len(req.Warnings) != c.warnings {
				t.Errorf("warnings: %v", req.Warnings)
			}
		})
	}
}

// Models that make images sign the first part and every image, and want that
// back.
func TestImageSignatures(t *testing.T) {
	image := func(signature string) conversation.Part {
		return conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: "image/png", Data: conversation.Quote("AAAA")}, Signature: signature}
	}
	const media = `"inlineData":{"mimeType":"image/png","data":"AAAA"}`
	for _, c := range []struct {
		name, model string
		opts        Options
		want        string
	}{
		{"made good", drawer, Options{}, `{"text":"a","thoughtSignature":"P"},{` + media + `,"thoughtSignature":"c2ln"},{"text":"b"},{` + media + `,"thoughtSignature":"P"}`},
		{"stripped", drawer, Options{StripSignatures: true}, `{"text":"a","thoughtSignature":"P"},{` + media + `,"thoughtSignature":"P"},{"text":"b"},{` + media + `,"thoughtSignature":"P"}`},
		{"placeholder refused", drawer, Options{NoPlaceholder: true}, `{"text":"a"},{` + media + `,"thoughtSignature":"c2ln"},{"text":"b"},{` + media + `}`},
		{"a model that signs nothing", sketcher, Options{}, `{"text":"a"},{` + media + `,"thoughtSignature":"c2ln"},{"text":"b"},{` + media + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: []conversation.Message{user(text("draw"), image("")), model(text("a"), image("c2ln"), text("b"), image("")), user(text("more"))}}
			body := string(rendered(t, req, Target{Model: c.model}, c.opts)["contents"])
			if got := strings.ReplaceAll(body, placeholder, "P"); !strings.Contains(got, `{"role":"user","parts":[{"text":"draw"},{`+media+`}]},{"role":"model","parts":[`+c.want+`]}`) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
