package price

import "github.com/heald-proxy/heald/policies/record"

// sum adds up a usage at these rates. guessed says that the modalities were not
// told where they have different prices.
func (r *Rates) sum(u *record.Usage) (t total, guessed bool) {
	if u.Cached > u.Input || u.Thinking > u.Output || min(u.Cached, u.Thinking) < 0 {
		return total{unknown: true}, false
	}
	rates := *r
	if r.Long != nil && u.Input > longPrompt {
		rates.Input, rates.Cached, rates.Output = r.Long.Input, r.Long.Cached, r.Long.Output
	}
	fresh, guessedInput := split(u.Input, u.InputBy, rates.inputDiffers())
	cached, guessedCached := split(u.Cached, u.CachedBy, rates.inputDiffers())
	output, guessedOutput := split(u.Output-u.Thinking, u.OutputBy, rates.OutputImage != nil || rates.OutputAudio != nil)
	reconciled := subtract(&fresh, &cached)
	t.add(fresh.Text+fresh.Document, rates.Input)
	t.add(fresh.Image, or(rates.InputImage, rates.Input))
	t.add(fresh.Video, or(rates.InputVideo, rates.Input))
	t.add(fresh.Audio, or(rates.InputAudio, rates.Input))
	t.add(cached.Text+cached.Document+cached.Image+cached.Video, rates.Cached)
	t.add(cached.Audio, rates.cachedAudio())
	t.add(output.Text+output.Document+output.Video+u.Thinking, rates.Output)
	t.add(output.Image, rates.OutputImage)
	t.add(output.Audio, rates.OutputAudio)
	return t, guessedInput || guessedCached || guessedOutput || reconciled && rates.inputDiffers()
}

// inputDiffers reports whether modalities of the input have different prices.
func (r *Rates) inputDiffers() bool {
	return r.InputAudio != nil || r.InputImage != nil || r.InputVideo != nil
}

// cachedAudio is that of text unless audio has a price of its own.
func (r *Rates) cachedAudio() *Price {
	if r.CachedAudio == nil && r.InputAudio == nil {
		return r.Cached
	}
	return r.CachedAudio
}

func or(p, q *Price) *Price {
	if p != nil {
		return p
	}
	return q
}

// split returns n tokens by modality. What is not told is text, and guessed if
// that makes a difference.
func split(n int64, by *record.Modalities, differs bool) (m record.Modalities, guessed bool) {
	if by != nil {
		m = *by
	}
	rest := n - m.Sum()
	if rest < 0 || min(m.Text, m.Image, m.Audio, m.Video, m.Document) < 0 { // they cannot be believed
		return record.Modalities{Text: n}, differs
	}
	m.Text += rest
	return m, differs && rest > 0
}

// subtract takes what is cached out of the whole input. Where the two disagree
// about a modality, cached tokens change theirs, which guessed reports: as many
// of one are cached as there are.
func subtract(input, cached *record.Modalities) (guessed bool) {
	pairs := [...]struct{ input, cached *int64 }{
		{&input.Audio, &cached.Audio}, {&input.Image, &cached.Image}, {&input.Video, &cached.Video}, {&input.Document, &cached.Document},
	}
	for _, p := range pairs {
		if over := *p.cached - *p.input; over > 0 {
			*p.cached -= over
			cached.Text += over
			guessed = true
		}
		*p.input -= *p.cached
	}
	input.Text -= cached.Text
	for _, p := range pairs {
		if short := min(-input.Text, *p.input); short > 0 {
			*p.input -= short
			*p.cached += short
			cached.Text -= short
			input.Text += short
			guessed = true
		}
	}
	return guessed
}
