package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Transcript reads audio of a message of Chat Completions: what an earlier answer
// said in sound. Without its transcript it is a gap in the conversation, which
// the model should see.
func Transcript(w *jsonwalk.Walker, v jsontext.Value) (said conversation.Text, err error) {
	err = w.Within("audio", func() error {
		return w.Object(v, func(m jsonwalk.Members) error {
			if err := m.Obey(spokenFields); err != nil {
				return err
			}
			if said, err = m.Text("transcript"); err != nil || !said.Empty() {
				return err
			}
			said = conversation.Quote("[a spoken answer]")
			w.Warn("", "left out but for a placeholder: sound is not kept; send its transcript as content")
			return nil
		})
	})
	return said, err
}
