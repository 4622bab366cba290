package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Calls of another service's own tools become text: the upstream takes only
// calls that it made.

// addDigest adds lines as text of the model; empty lines are left out.
func (d *decoder) addDigest(lines ...conversation.Text) {
	var kept []conversation.Text
	for _, l := range lines {
		if !l.Empty() {
			kept = append(kept, l)
		}
	}
	d.add(answer, conversation.Model, openai.AppendText(nil, conversation.Join("\n", kept...))...)
}

// codeCall reads code that was run and what it printed.
func (d *decoder) codeCall(m jsonwalk.Members) error {
	code, err := m.Text("code")
	if err != nil || code.Empty() {
		return err
	}
	lines := []conversation.Text{conversation.Quote("[code was run]"), code}
	if v := m.Get("outputs"); v != nil {
		lines = append(lines, conversation.Quote("[its output]"))
		err = d.Within("outputs", func() error {
			return d.List(v, func(_ int, v jsontext.Value) error {
				return d.Object(v, func(m jsonwalk.Members) error {
					if err := m.Apply(codeOutputFields); err != nil {
						return err
					}
					logs, err := m.Text("logs")
					lines = append(lines, logs)
					return err
				})
			})
		})
	}
	d.addDigest(lines...)
	return err
}

// mcpCall reads the call of a tool on a server that the original service
// connected to.
func (d *decoder) mcpCall(m jsonwalk.Members) error {
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	var texts [3]conversation.Text
	for i, field := range []string{"arguments", "output", "server_label"} {
		if texts[i], err = m.Text(field); err != nil {
			return err
		}
	}
	fault := m.Get("error") // text or an object
	if fault != nil {
		texts[1] = conversation.Quote("failed: " + string(fault))
	}
	d.addDigest(conversation.Join("", conversation.Quote("["), texts[2], conversation.Quote("."), name,
		conversation.Quote(" was called with "), texts[0], conversation.Quote("]")), texts[1])
	return nil
}

// pictureStarts are the first characters of images in base64.
var pictureStarts = [...]struct{ start, mime string }{
	{"iVBOR", "image/png"}, {"/9j/", "image/jpeg"}, {"UklGR", "image/webp"}, {"R0lGOD", "image/gif"},
}

// picture reads an image that the model made.
func (d *decoder) picture(m jsonwalk.Members) error {
	data, err := m.Text("result")
	if err != nil || data.Empty() {
		return err
	}
	mime := "image/png"
	inner := data.Inner()
	head := strings.ReplaceAll(string(inner[:min(len(inner), 16)]), `\`, "") // a slash may be escaped
	if format := string(jsonwalk.Chars(m.Get("output_format"))); format == "jpeg" || format == "webp" {
		mime = "image/" + format
	}
	for _, p := range pictureStarts {
		if strings.HasPrefix(head, p.start) {
			mime = p.mime
		}
	}
	d.add(answer, conversation.Model, conversation.Part{
		Kind: conversation.KindMedia, Media: &conversation.Media{MIME: mime, Data: data},
	})
	return nil
}
