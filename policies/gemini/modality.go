package gemini

import "github.com/heald-proxy/heald/policies/conversation"

// detail is one of the lists that tell counters by modality.
type detail uint8

const (
	ofPrompt detail = iota
	ofToolPrompt
	ofCached
	ofOutput
	details // how many there are
)

// modalities are the lists of one usageMetadata; has says which of them were
// present.
type modalities struct {
	has [details]bool
	of  [details]conversation.Modalities
}

// readModalities reads a list of counts, as in
// [{"modality": "TEXT", "tokenCount": 8}].
func (f *frame) readModalities(w *walker, which detail) error {
	m := &f.counters.by
	m.has[which], m.of[which] = true, conversation.Modalities{}
	return w.array(func() error {
		var to *int
		n := 0
		err := w.object(func(name []byte) error {
			switch string(name) {
			case "modality":
				v, err := w.dec.ReadValue()
				if err == nil {
					to = modalityOf(&m.of[which], string(v))
				}
				return err
			case "tokenCount", "token_count":
				return w.int(&n)
			}
			return w.skip()
		})
		if to != nil {
			*to += max(n, 0)
		}
		return err
	})
}

// modalityOf is the counter of a modality, which is a name or its number in
// JSON; nil for one that is unknown.
func modalityOf(m *conversation.Modalities, literal string) *int {
	switch literal {
	case `"TEXT"`, "1":
		return &m.Text
	case `"IMAGE"`, "2":
		return &m.Image
	case `"VIDEO"`, "3":
		return &m.Video
	case `"AUDIO"`, "4":
		return &m.Audio
	case `"DOCUMENT"`, "5":
		return &m.Document
	}
	return nil
}

// follow returns m updated by the lists of a later chunk.
func (m modalities) follow(next *modalities) modalities {
	for i := range m.has {
		if next.has[i] {
			m.has[i], m.of[i] = true, next.of[i]
		}
	}
	return m
}

// Modalities returns the usage by modality: of the input, tool-use prompts
// included, of its cached part, and of the output without thoughts. Unknown
// ones are nil.
func (d *Decoder) Modalities() (input, cached, output *conversation.Modalities) {
	by := &d.counters.by
	told := func(which detail) *conversation.Modalities {
		if !by.has[which] {
			return nil
		}
		m := by.of[which]
		return &m
	}
	if input = told(ofPrompt); input != nil {
		input.Add(by.of[ofToolPrompt])
	}
	return input, told(ofCached), told(ofOutput)
}
