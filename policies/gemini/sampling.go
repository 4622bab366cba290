package gemini

import (
	"slices"
	"strings"
)

// Ignored collects sampling settings that a model ignores, so that the client is
// told of all of them at once.
type Ignored struct{ names []string }

// Add notes the setting called name, of which field is the API's own name.
func (i *Ignored) Add(name, field string, v float64) {
	if !slices.Contains(unasked[field], v) {
		i.names = append(i.names, name)
	}
}

// unasked are the values that clients send for no reason of their own: the
// model's defaults, and top_p 1, which is what OpenAI's and Anthropic's APIs
// have.
var unasked = map[string][]float64{"temperature": {1}, "topP": {0.95, 1}, "topK": {64}}

// Warning is what the client is told; "" for nothing. field is the first
// setting, what says what becomes of it.
func (i *Ignored) Warning(what, model string) (field, why string) {
	switch len(i.names) {
	case 0:
		return "", ""
	case 1:
	default:
		what += ", like " + strings.Join(i.names[1:], " and ")
	}
	return i.names[0], what + ": model " + model + " ignores sampling settings"
}

// sampling settles what the model may be told of sampling.
func (r *renderer) sampling(g *generation) {
	limits := &r.req.Limits
	if r.can.FixedSampling {
		// A model that ignores sampling parameters loses nothing without them,
		// and announces to refuse them.
		r.ignoreSampling()
	} else {
		g.topP, g.topK = limits.TopP, limits.TopK
		if t := limits.Temperature; t != nil {
			clamped := min(max(*t, 0), 2)
			g.temperature = &clamped
			if clamped != *t {
				r.note("temperature", "changed: the model takes 0 to 2")
			}
		}
	}
	switch {
	case zeroOrNil(limits.PresencePenalty) && zeroOrNil(limits.FrequencyPenalty):
	case r.opts.RefusesPenalties(r.can):
		r.dropPenalty("presence_penalty", limits.PresencePenalty)
		r.dropPenalty("frequency_penalty", limits.FrequencyPenalty)
	default:
		g.presence, g.frequency = limits.PresencePenalty, limits.FrequencyPenalty
	}
	switch {
	case !limits.Logprobs && zeroOrNil(limits.TopLogprobs):
	case r.opts.OmitLogprobs:
		r.note("logprobs", "left out: model "+r.model+" gives none")
	default:
		g.logprobs = true
		if n := limits.TopLogprobs; n != nil {
			g.topLogprobs = min(max(*n, 0), maxLogprobs)
		}
	}
}

func (r *renderer) ignoreSampling() {
	var i Ignored
	limits, name := &r.req.Limits, r.req.Words.Field
	if v := limits.Temperature; v != nil {
		i.Add(name("temperature"), "temperature", *v)
	}
	if v := limits.TopP; v != nil {
		i.Add(name("top_p"), "topP", *v)
	}
	if v := limits.TopK; v != nil {
		i.Add(name("top_k"), "topK", float64(*v))
	}
	if field, why := i.Warning("left out", r.model); field != "" {
		r.req.Warn(field, why)
	}
}

func (r *renderer) dropPenalty(field string, v *float64) {
	if !zeroOrNil(v) {
		r.note(field, "left out: model "+r.model+" has no penalties")
	}
}

// zeroOrNil reports whether a setting is absent, or what it is without it.
func zeroOrNil[T int | float64](v *T) bool { return v == nil || *v == 0 }
