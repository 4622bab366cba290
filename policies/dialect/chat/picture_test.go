package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

func TestImageConfig(t *testing.T) {
	want := conversation.Image{Ratio: "16:9", Scale: "2K"}
	for name, fields := range map[string]string{
		"a router's":      `"modalities":["text","image"],"image_config":{"aspect_ratio":"16:9","image_size":"2K"}`,
		"the upstream's":  `"image_config":{"aspectRatio":"16:9","imageSize":"2K"}`,
		"in extra_body":   `"extra_body":{"google":{"image_config":{"aspect_ratio":"16:9","image_size":"2K"}}}`,
		"merged into it":  `"google":{"image_config":{"aspect_ratio":"16:9","image_size":"2K"}}`,
		"beside unknowns": `"image_config":{"aspect_ratio":"16:9","image_size":"2K","strength":1}`,
	} {
		req, err := decode(fields)
		if err != nil || req.Output.Image == nil || *req.Output.Image != want || (len(req.Warnings) > 0) != strings.Contains(fields, "strength") {
			t.Errorf("%s: %+v, %+v", name, req, err)
		}
	}
	if _, err := decode(`"image_config":{"aspect_ratio":16}`); err == nil || !strings.Contains(err.Error(), "aspect_ratio") {
		t.Errorf("a number: %v", err)
	}
}

// An image brings its signature back when the message is put back whole.
func TestSignedImagesGoBack(t *testing.T) {
	events := []conversation.Event{
		{Kind: conversation.EventStart, ID: "r"},
		{Kind: conversation.EventMedia, Media: conversation.Media{MIME: "image/png", Data: conversation.Quote("AAAA")}, Carrier: "gs1.a.b.c"},
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
	}
	for _, stream := range []bool{true, false} {
		out := encode(t, conversation.Request{Model: "m"}, events, stream)
		from := strings.Index(out, `[{"type":"image_url"`)
		images := out[from : strings.Index(out[from:], "]")+from+1]
		if !json.Valid([]byte(images)) {
			t.Fatalf("got %s", images)
		}
		body := `{"model":"m","messages":[{"role":"user","content":"draw"},{"role":"assistant","content":null,"images":` + images + `},{"role":"user","content":"more"}]}`
		req, err := New(Config{}).Decode(dialect.Route{}, nil, []byte(body))
		if err != nil || len(req.Warnings) > 0 {
			t.Fatal(err, req.Warnings)
		}
		if p := req.Messages[1].Parts[0]; p.Kind != conversation.KindMedia || p.Media.MIME != "image/png" || p.Carrier != "gs1.a.b.c" {
			t.Errorf("stream %t: %+v", stream, p)
		}
	}
}
