package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Audio reads the field audio of a message of Chat Completions into parts: of
// the model the transcript of an earlier answer, of others the sound itself.
// Without transcript or data a placeholder tells the model of the gap.
func Audio(w *jsonwalk.Walker, v jsontext.Value, ofModel bool, parts *[]conversation.Part) error {
	return w.Within("audio", func() error {
		return w.Object(v, func(m jsonwalk.Members) error {
			if err := m.Apply(spokenFields); err != nil {
				return err
			}
			data, err := m.Text("data")
			if err != nil {
				return err
			}
			if !ofModel && !data.Empty() {
				format, err := m.Text("format")
				*parts = append(*parts, Address(w, "data", data, dataurl.Type(soundType(format.String()))))
				w.Mark("", *parts)
				return err
			}
			said, err := m.Text("transcript")
			if err == nil && said.Empty() {
				said = conversation.Quote("[sound]")
				if ofModel {
					said = conversation.Quote("[a spoken answer]")
				}
				w.Warn("", "left out but for a placeholder: sound is not kept; send its transcript as content")
			}
			*parts = AppendText(*parts, said)
			return err
		})
	})
}
