package gemini

import (
	"slices"
	"strconv"
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

// unasked are the values that clients send by default: the model's defaults,
// top_p 1, which is what OpenAI's and Anthropic's APIs have, and top_k 0, which
// limits nothing.
var unasked = map[string][]float64{"temperature": {1}, "topP": {0.95, 1}, "topK": {64, 0}}

// Warning is what the client is told; "" for nothing. field is the first
// setting, what says what happened to it.
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

// samplingRanges are the ranges of settings that the API accepts.
var samplingRanges = map[string]struct{ least, most float64 }{
	"temperature": {0, 2}, "topP": {0, 1}, "topK": {1, 1000}, "presencePenalty": {-2, 2}, "frequencyPenalty": {-2, 2},
}

// InRange returns the nearest value to v that the API accepts for a setting, by
// its own name, and the warning for the client; "" if it accepts v. ok is false
// if the setting must be left out: a topK below 1 means no limit.
func InRange(field string, v float64) (near float64, why string, ok bool) {
	r, known := samplingRanges[field]
	switch {
	case !known || v >= r.least && v <= r.most:
		return v, "", true
	case field == "topK" && v < r.least:
		return 0, "left out: below 1 it limits nothing", false
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return min(max(v, r.least), r.most), "changed: the model takes " + number(r.least) + " to " + number(r.most), true
}

// inRange is v, the setting called name, as the API takes it.
func inRange[T int | float64](r *renderer, name, field string, v *T) *T {
	if v == nil {
		return nil
	}
	near, why, ok := InRange(field, float64(*v))
	if why == "" {
		return v
	}
	if r.note(name, why); !ok {
		return nil
	}
	fit := T(near)
	return &fit
}

// sampling resolves the sampling settings.
func (r *renderer) sampling(g *generation) {
	limits := &r.req.Limits
	if r.can.FixedSampling {
		// Models that ignore sampling parameters will refuse them later.
		r.ignoreSampling()
	} else {
		g.temperature = inRange(r, "temperature", "temperature", limits.Temperature)
		g.topP = inRange(r, "top_p", "topP", limits.TopP)
		g.topK = inRange(r, "top_k", "topK", limits.TopK)
	}
	switch {
	case zeroOrNil(limits.PresencePenalty) && zeroOrNil(limits.FrequencyPenalty):
	case r.opts.RefusesPenalties(r.can):
		r.dropPenalty("presence_penalty", limits.PresencePenalty)
		r.dropPenalty("frequency_penalty", limits.FrequencyPenalty)
	default:
		g.presence = inRange(r, "presence_penalty", "presencePenalty", limits.PresencePenalty)
		g.frequency = inRange(r, "frequency_penalty", "frequencyPenalty", limits.FrequencyPenalty)
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
	limits, name := &r.req.Limits, r.req.FieldNames.Field
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

// zeroOrNil reports whether a setting is absent or zero.
func zeroOrNil[T int | float64](v *T) bool { return v == nil || *v == 0 }
