package chat

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// modalities reads the requested kinds of answer. Text alone is the default.
func (d *decoder) modalities(v jsontext.Value) error {
	out := &d.Req.Output
	out.Modalities = nil
	err := d.List(v, func(_ int, v jsontext.Value) error {
		name := string(jsonwalk.Chars(v))
		switch name {
		case "text", "image", "audio":
		default:
			return d.Invalid("", "Input should be 'text', 'image' or 'audio'")
		}
		if !slices.Contains(out.Modalities, name) {
			out.Modalities = append(out.Modalities, name)
		}
		return nil
	})
	if len(out.Modalities) == 1 && out.Modalities[0] == "text" {
		out.Modalities = nil
	}
	return err
}

// foreignVoices are the original service's own. The upstream refuses names
// that it does not know.
var foreignVoices = []string{
	"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
}

// audio reads the settings for sound.
func (d *decoder) audio(m jsonwalk.Members) error {
	if err := m.Apply(audioFields); err != nil {
		return err
	}
	voice, err := m.Text("voice")
	if err != nil {
		return err
	}
	d.Req.Output.Voice = voice.String()
	if slices.Contains(foreignVoices, d.Req.Output.Voice) {
		d.Req.Output.Voice = ""
		d.Warn("voice", "left out: a voice of another service; name one of the upstream's")
	}
	format, err := m.Text("format")
	if f := format.String(); err == nil && f != "" && f != "pcm16" {
		d.Warn("format", "left out: sound comes as the upstream gives it, pcm16")
	}
	return err
}
