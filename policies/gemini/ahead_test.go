package gemini

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// large is a GIF as clients send it, of 8 million pixels: three are too many.
func large(t testing.TB) conversation.Text {
	t.Helper()
	var buf bytes.Buffer
	if err := gif.Encode(&buf, image.NewPaletted(image.Rect(0, 0, 4000, 2250), color.Palette{color.White, color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	return conversation.Quote(base64.StdEncoding.EncodeToString(buf.Bytes()))
}

// Where a conversation has too many pictures to convert, the oldest go without,
// those of results included.
func TestNewestPicturesFirst(t *testing.T) {
	picture := func() conversation.Part {
		return conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: "image/gif", Data: large(t)}}
	}
	req := &conversation.Request{Model: "gemini-3.5-flash", Messages: []conversation.Message{
		{Role: conversation.User, Parts: []conversation.Part{picture(), picture()}},
		{Role: conversation.Model, Parts: []conversation.Part{{Kind: conversation.KindCall, Call: &conversation.Call{ID: "c", Name: "f", Args: conversation.Raw("{}")}}}},
		{Role: conversation.User, Parts: []conversation.Part{{Kind: conversation.KindResult, Result: &conversation.Result{CallID: "c", Name: "f", Parts: []conversation.Part{picture()}}}}},
	}}
	out, err := Render(req, Target{Kind: AIStudio, Model: "gemini-3.5-flash"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dropped, first := bytes.Index(out.Body, []byte("too many pictures")), bytes.Index(out.Body, []byte("image/png"))
	if bytes.Count(out.Body, []byte("image/png")) != 2 || bytes.Count(out.Body, []byte("too many pictures")) != 1 || dropped > first {
		t.Errorf("%d, %d: %.300s", dropped, first, out.Body)
	}
	gone := errors.New("gone")
	if _, err := Render(req, Target{Kind: AIStudio, Model: "gemini-3.5-flash"}, Options{Gone: func() error { return gone }}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
