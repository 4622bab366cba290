package record

// Usage is what an attempt used, in tokens. A usage that is unknown is a nil
// pointer, never zeros.
type Usage struct {
	Input    int64 `json:"input"`    // prompt, cached and tool-use prompt tokens
	Cached   int64 `json:"cached"`   // part of Input that was read from a cache
	Output   int64 `json:"output"`   // answer and thinking
	Thinking int64 `json:"thinking"` // part of Output
	// The parts by modality, as far as upstream told them; nil if it did not.
	// OutputBy is without thinking.
	InputBy  *Modalities `json:"input_by,omitempty"`
	CachedBy *Modalities `json:"cached_by,omitempty"`
	OutputBy *Modalities `json:"output_by,omitempty"`
	// Estimated says that upstream did not count them and heald guessed.
	Estimated bool `json:"estimated,omitempty"`
}

// Modalities are tokens by what they stand for.
type Modalities struct {
	Text     int64 `json:"text,omitempty"`
	Image    int64 `json:"image,omitempty"`
	Audio    int64 `json:"audio,omitempty"`
	Video    int64 `json:"video,omitempty"`
	Document int64 `json:"document,omitempty"`
}

// Sum is the tokens of all modalities.
func (m Modalities) Sum() int64 { return m.Text + m.Image + m.Audio + m.Video + m.Document }

// Add returns the sum of two usages; one that is unknown adds nothing. A
// modality is only told if both know it.
func (u *Usage) Add(v *Usage) *Usage {
	switch {
	case u == nil:
		return v
	case v == nil:
		return u
	}
	return &Usage{
		Input: u.Input + v.Input, Cached: u.Cached + v.Cached, Output: u.Output + v.Output, Thinking: u.Thinking + v.Thinking,
		InputBy: u.InputBy.add(v.InputBy), CachedBy: u.CachedBy.add(v.CachedBy), OutputBy: u.OutputBy.add(v.OutputBy),
		Estimated: u.Estimated || v.Estimated,
	}
}

func (m *Modalities) add(n *Modalities) *Modalities {
	if m == nil || n == nil {
		return nil
	}
	return &Modalities{m.Text + n.Text, m.Image + n.Image, m.Audio + n.Audio, m.Video + n.Video, m.Document + n.Document}
}
