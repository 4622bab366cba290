package heal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func picture(data, carrier string) conversation.Part {
	return conversation.Part{Kind: conversation.KindMedia, Carrier: carrier, Media: &conversation.Media{MIME: "image/png", Data: conversation.Quote(data)}}
}

// The signature of an image goes through the client bound to the image, whatever
// way its base64 is written.
func TestCarrierOfMedia(t *testing.T) {
	c := carriers("t", "ai_studio/", "gemini-3.1-flash-image")
	data := strings.Repeat("ab+/", 20) + "Zg=="
	event := conversation.Event{Kind: conversation.EventMedia, Signature: signature, Media: *picture(data, "").Media}
	sealed := NewSealer(c).Seal(nil, []conversation.Event{event})[0].Carrier
	if sealed == "" || strings.Contains(sealed, signature) {
		t.Fatalf("carrier %q", sealed)
	}
	thought := conversation.Part{Kind: conversation.KindThought, Carrier: sealed}
	for _, x := range []struct {
		name  string
		by    Carriers
		parts []conversation.Part
		good  bool
	}{
		{"with the image", c, []conversation.Part{picture(data, sealed)}, true},
		{"another base64", c, []conversation.Part{picture(strings.Repeat("ab-_", 20)+"\r\nZg", sealed)}, true},
		{"before the image", c, []conversation.Part{thought, picture(data, "")}, true},
		{"before another image", c, []conversation.Part{thought, picture("AAAA", ""), picture(data, "")}, false},
		{"another image", c, []conversation.Part{picture("AAAA", sealed)}, false},
		{"another tenant", carriers("u", "ai_studio/", "gemini-3.1-flash-image"), []conversation.Part{picture(data, sealed)}, false},
		{"a text", c, []conversation.Part{{Kind: conversation.KindText, Text: conversation.Quote(data), Carrier: sealed}}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			req := conversation.Request{Messages: []conversation.Message{{Role: conversation.Model, Parts: x.parts}}}
			x.by.Verify(&req)
			got := x.parts[len(x.parts)-1].Signature
			if want := map[bool]string{true: signature, false: ""}[x.good]; got != want {
				t.Errorf("signature %q, want %q", got, want)
			}
		})
	}
	escaped := picture("", sealed)
	escaped.Media.Data = conversation.Text(`"` + strings.ReplaceAll(data, "/", `\/`) + `"`)
	req := conversation.Request{Messages: []conversation.Message{{Role: conversation.Model, Parts: []conversation.Part{escaped}}}}
	if good, seen := c.Verify(&req); good != 1 || seen != 1 {
		t.Errorf("an escaped slash: %d of %d", good, seen)
	}
}

// What a client did not send back is known to the replica that passed it on.
func TestSignaturesOfMedia(t *testing.T) {
	me, cache := carriers("t", "b", "m"), bigCache()
	cache.turn(me, history(user("draw")), conversation.Event{Kind: conversation.EventMedia, Signature: sig("a"), Media: *picture("AAAA", "").Media})
	got := cache.turn(me, history(user("draw"), model(picture("AAAA", ""), picture("BBBB", ""))))
	if want := []string{sig("a"), ""}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}
