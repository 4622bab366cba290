package responses

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

func drawn(fields string) (*conversation.Request, error) {
	return New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","input":"draw",`+fields+`}`))
}

func TestImageTool(t *testing.T) {
	for _, c := range []struct {
		fields   string
		want     conversation.Image
		warnings int
	}{
		{``, conversation.Image{}, 0},
		{`"size":"auto","quality":"auto","background":"opaque","action":"edit","model":"gpt-image-1"`, conversation.Image{}, 0},
		{`"size":"1536x1024","output_format":"jpeg","output_compression":80`, conversation.Image{Width: 1536, Height: 1024, MIME: "image/jpeg", Quality: new(80)}, 0},
		{`"size":"16:9"`, conversation.Image{Ratio: "16:9"}, 0},
		{`"size":"2K","output_format":"jpg"`, conversation.Image{Scale: "2k", MIME: "image/jpeg"}, 0},
		{`"quality":"high","background":"transparent","partial_images":2,"input_fidelity":"high","moderation":"low","input_image_mask":{"image_url":"data:,"}`, conversation.Image{}, 6},
	} {
		req, err := drawn(`"tools":[{` + strings.TrimSuffix(`"type":"image_generation",`+c.fields, ",") + `}]`)
		if err != nil || len(req.Tools) != 1 || req.Tools[0].Kind != conversation.ImageMaking || !reflect.DeepEqual(*req.Tools[0].Image, c.want) || len(req.Warnings) != c.warnings {
			t.Errorf("%s: %+v, %+v", c.fields, req, err)
		}
	}
	for _, bad := range []string{`"size":"large"`, `"size":"0x10"`, `"size":"10x100000"`, `"size":7`, `"output_format":"gif"`, `"output_compression":101`, `"output_compression":"x"`} {
		if _, err := drawn(`"tools":[{"type":"image_generation",` + bad + `}]`); err == nil || !strings.Contains(err.Error(), "tools[0].") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestImageToolForced(t *testing.T) {
	const forced = `"tool_choice":{"type":"image_generation"}`
	req, err := drawn(forced + `,"tools":[{"type":"function","name":"f"},{"type":"image_generation"}]`)
	if err != nil || req.Choice.Mode != conversation.ChoiceNamed || !reflect.DeepEqual(req.Choice.Names, []string{"image_generation"}) {
		t.Errorf("%+v, %v", req, err)
	}
	if _, err := drawn(forced + `,"tools":[{"type":"function","name":"f"}]`); err == nil || !strings.Contains(err.Error(), "tool_choice.type") {
		t.Error(err)
	}
}

// An image brings its signature back when the output is put back whole.
func TestSignedImagesGoBack(t *testing.T) {
	image := conversation.Event{Kind: conversation.EventMedia, Media: conversation.Media{MIME: "image/png", Data: conversation.Quote("AAAA")}, Carrier: "gs1.a.b.c"}
	events := []conversation.Event{
		{Kind: conversation.EventStart, ID: "r"}, {Kind: conversation.EventText, Text: conversation.Quote("Here:")}, image,
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
	}
	var reply struct{ Output json.RawMessage }
	if err := json.Unmarshal(dialecttest.Reply(t, New(), conversation.Request{Model: "m"}, events, false), &reply); err != nil {
		t.Fatal(err)
	}
	req, err := New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","input":`+string(reply.Output)+`}`))
	if err != nil || len(req.Messages) != 1 || len(req.Messages[0].Parts) != 3 {
		t.Fatalf("%+v, %v", req, err)
	}
	parts := req.Messages[0].Parts
	if parts[1].Kind != conversation.KindThought || parts[1].Carrier != "gs1.a.b.c" || parts[2].Kind != conversation.KindMedia {
		t.Errorf("%+v", parts)
	}
}
