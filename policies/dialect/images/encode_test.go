package images

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

func fixed() *Dialect { return &Dialect{now: func() time.Time { return time.Unix(1_000, 0) }} }

var usage = conversation.Usage{Known: true, Input: 300, Output: 1400, Thoughts: 110}

// made is an answer of parts: images by their base64, or words.
func made(finish conversation.Finish, parts ...string) []conversation.Event {
	events := []conversation.Event{{Kind: conversation.EventStart, ID: "r"}}
	for _, p := range parts {
		ev := conversation.Event{Kind: conversation.EventText, Text: conversation.Quote(p)}
		if mime, data, ok := strings.Cut(p, ","); ok {
			ev = conversation.Event{Kind: conversation.EventMedia, Media: conversation.Media{MIME: mime, Data: conversation.Quote(data)}}
		}
		events = append(events, ev)
	}
	return append(events, conversation.Event{Kind: conversation.EventFinish, Finish: finish, Usage: usage})
}

func photo(t *testing.T, wide, high int) string {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, wide, high)), nil); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestEncode(t *testing.T) {
	photo := photo(t, 24, 16)
	const tokens = `"usage":{"input_tokens":300,"output_tokens":1400,"total_tokens":1700,"input_tokens_details":{"text_tokens":`
	const made110 = `},"output_tokens_details":{"text_tokens":110,"image_tokens":1290}}`
	event := func(kind, members string) string {
		return "event: " + kind + "\ndata: {\"type\":\"" + kind + `","created_at":1000,` + members + "}\n\n"
	}
	for _, c := range []struct {
		name   string
		own    own
		events []conversation.Event
		want   string
	}{
		{"an image", own{words: 40}, made(conversation.FinishStop, "image/jpeg,"+photo),
			`{"created":1000,"data":[{"b64_json":"` + photo + `"}],"background":"opaque","quality":"auto","output_format":"jpeg","size":"24x16",` + tokens + `300,"image_tokens":0` + made110 + `}`},
		{"an edit", own{words: 40, edit: true, images: 1}, made(conversation.FinishStop, "image/webp,AAAA"),
			`{"created":1000,"data":[{"b64_json":"AAAA"}],"background":"opaque","quality":"auto","output_format":"webp",` + tokens + `10,"image_tokens":290` + made110 + `}`},
		{"two, cut after them, and words", own{}, made(conversation.FinishLength, "Here", "image/png,AAAA", "audio/wav,CCCC", "image/png,BBBB"),
			`{"created":1000,"data":[{"b64_json":"AAAA"},{"b64_json":"BBBB"}],"background":"opaque","quality":"auto","output_format":"png",` + tokens + `300,"image_tokens":0` + made110 + `}`},
		{"a stream", own{stream: true}, made(conversation.FinishStop, "image/png,AAAA", "image/png,BBBB"),
			event("image_generation.completed", `"b64_json":"AAAA","background":"opaque","quality":"auto","output_format":"png"`) +
				event("image_generation.completed", `"b64_json":"BBBB","background":"opaque","quality":"auto","output_format":"png",`+tokens+`300,"image_tokens":0`+made110)},
		{"a stream of an edit", own{stream: true, edit: true}, made(conversation.FinishStop, "image/jpeg,"+photo),
			event("image_edit.completed", `"b64_json":"`+photo+`","background":"opaque","quality":"auto","output_format":"jpeg","size":"24x16",`+tokens+`300,"image_tokens":0`+made110)},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := conversation.Request{Own: c.own}
			if got := string(dialecttest.Reply(t, fixed(), req, c.events, false)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	dialecttest.CheckEncoder(t, New())
}

// An answer without an image is an error, and says why.
func TestUnfinished(t *testing.T) {
	for _, c := range []struct {
		name   string
		finish conversation.Finish
		parts  []string
		want   string
	}{
		{"refused", conversation.FinishRefused, nil, `"type":"image_generation_user_error","param":null,"code":"moderation_blocked"`},
		{"refused in words", conversation.FinishRefused, []string{"No."}, `"code":"moderation_blocked"`},
		{"blocked", conversation.FinishBlocked, nil, `"code":"moderation_blocked"`},
		{"words", conversation.FinishStop, []string{"I would ", "rather not."}, `made no image: I would rather not."`},
		{"many words", conversation.FinishStop, []string{strings.Repeat("é", 600), "x"}, `"param":"prompt"`},
		{"cut", conversation.FinishLength, []string{"I"}, "token limit"},
		{"nothing", conversation.FinishOther, nil, `"code":"server_error"`},
	} {
		for _, stream := range []bool{false, true} {
			got := string(dialecttest.Reply(t, fixed(), conversation.Request{Own: own{stream: stream}}, made(c.finish, c.parts...), false))
			if !strings.Contains(got, c.want) || strings.Contains(got, "b64_json") || len(got) > 2*mostSaid || strings.HasPrefix(got, "event: error\n") != stream {
				t.Errorf("%s: %s", c.name, got)
			}
		}
	}
}
