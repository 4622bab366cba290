package native

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// An image of an earlier answer whose signature the client lost gets the
// placeholder, for want of which models that make images refuse the history.
func TestUnsignedImages(t *testing.T) {
	server := fakegemini.Start(t, fakegemini.Options{PresenceOnly: true})
	const image = `{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`
	signed := strings.TrimSuffix(image, "}") + `,"thoughtSignature":"QQ=="}`
	for _, c := range []struct {
		name, model, part string
		made              int // placeholders
	}{
		{"unsigned", "gemini-3.1-flash-image", image, 2},
		{"signed", "gemini-3.1-flash-image", signed, 0},
		{"for a model that does not mind", "gemini-2.5-flash-image", image, 0},
		{"for a model that makes none", "gemini-3.5-flash", image, 0},
	} {
		body := `{"contents":[` + user(`{"text":"draw"}`, image) + "," + model(`{"text":"Here:"}`, c.part) + "," + userHi + `]}`
		target := gemini.Target{Model: c.model}
		got, _ := repairedHistory(t, []byte(body), target)
		if n := strings.Count(string(got), `"thoughtSignature":"c2tpcF90`); n != c.made || n == 0 && string(got) != body {
			t.Errorf("%s: %s", c.name, got)
		}
		if answered, reply := ask(t, server, target.Path(0, true), got); !answered {
			t.Errorf("%s: %s", c.name, reply)
		}
	}
}
