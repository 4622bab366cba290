package native

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// generation repairs the generationConfig.
func (r *repair) generation() error {
	old := -1 // the member by the name that Vertex AI does not know
	var ignored gemini.Ignored
	err := r.members(func(i int, name []byte) (outcome, error) {
		switch string(name) {
		case "temperature", "topP", "topK", "top_p", "top_k":
			return r.sampling(&ignored, camel(name))
		case "candidateCount", "candidate_count":
			return keep, r.candidates()
		case "thinkingConfig":
			return r.thinking()
		case "maxOutputTokens", "max_output_tokens":
			return r.maxOutput()
		case "stopSequences", "stop_sequences":
			return keep, r.stops()
		case "presencePenalty", "presence_penalty", "frequencyPenalty", "frequency_penalty":
			return r.penalty(camel(name))
		case "responseLogprobs", "response_logprobs", "logprobs":
			if r.opts.OmitLogprobs {
				r.req.Warn("generationConfig."+camel(name), "the model gives no log probabilities")
			}
			return outcome(!r.opts.OmitLogprobs), r.skip()
		case "routingConfig", "modelConfig":
			err := r.noModel("generationConfig." + string(name))
			if err == nil && !r.vertex {
				r.warn("generationConfig."+string(name), "left out: only Vertex AI takes it")
			}
			return outcome(r.vertex), err
		case "imageConfig":
			return keep, r.known("generationConfig.imageConfig", "generationConfig.imageConfig")
		case "_responseJsonSchema":
			old = i
		}
		path := "generationConfig." + string(jsonwalk.Shorten(name))
		if found, err := r.foreign(path, path); found || err != nil {
			return cut, err
		}
		if responseSchema(name) {
			return r.schema("generationConfig."+camel(name), camel(name))
		}
		return keep, r.skip()
	}, func(it items) {
		if old >= 0 && r.vertex {
			at := it.list[old].from
			r.replace(at, at+bytes.IndexByte(r.text[at:], ':'), `"responseJsonSchema"`)
		}
	})
	if field, why := ignored.Warning("no effect", r.target.Model); field != "" {
		r.req.Warn("generationConfig."+field, why)
	}
	return err
}

// sampling brings a sampling setting into the range that the API takes, whether
// the model ignores it or not. One that it ignores stays and is noted.
func (r *repair) sampling(list *gemini.Ignored, field string) (outcome, error) {
	v, err := r.value()
	if err != nil {
		return keep, err
	}
	n, bad := strconv.ParseFloat(numeral(v), 64)
	if bad != nil || math.IsNaN(n) { // NaN is a number in proto JSON
		return keep, nil
	}
	near, why, ok := gemini.InRange(field, n)
	switch {
	case why != "":
		r.req.Warn("generationConfig."+field, why)
		r.replace(r.at()-len(v), r.at(), strconv.FormatFloat(near, 'g', -1, 64))
	case r.can.FixedSampling:
		list.Add(field, field, n)
	}
	return outcome(ok), nil
}

// numeral is the text of a number, which proto JSON takes as a string, too.
func numeral(v jsontext.Value) string {
	if v.Kind() == '"' {
		return string(jsonwalk.Unquote(v))
	}
	return string(v)
}

// stops leaves out stop sequences that the API refuses: empty ones, and more than
// it takes.
func (r *repair) stops() error {
	n, more := 0, false
	err := r.elements(func(int) (outcome, error) {
		v, err := r.value()
		if err != nil || string(v) == `""` {
			return cut, err
		}
		n++
		more = more || n > gemini.MaxStops
		return outcome(n <= gemini.MaxStops), nil
	}, nil)
	if more {
		r.req.Warn("generationConfig.stopSequences", "left out: all after the first "+strconv.Itoa(gemini.MaxStops)+", which are as many as the API takes")
	}
	return err
}

// candidates refuses more answers than the model gives.
func (r *repair) candidates() error {
	v, err := r.value()
	if n, bad := strconv.Atoi(string(v)); err == nil && bad == nil && n > 1 && r.can.OneCandidate {
		const field = "generationConfig.candidateCount"
		return &conversation.Error{Kind: conversation.ErrUnsupported, Param: field, Message: field + ": " + gemini.OneAnswer(r.target.Model)}
	}
	return err
}

// noModel refuses a model that the next value names: the model is chosen by the
// path and the gateway's routes.
func (r *repair) noModel(at string) error {
	return r.members(func(_ int, name []byte) (outcome, error) {
		switch field := at + "." + string(jsonwalk.Shorten(name)); {
		case string(name) == "modelName" && r.kind() != 'n':
			return cut, &conversation.Error{Kind: conversation.ErrInvalid, Param: field, NoRetry: true,
				Message: field + ": the model cannot be chosen here; name it in the path"}
		case r.kind() == '{' && len(at) < longestPlace:
			return keep, r.noModel(field)
		case r.kind() == '{' || r.kind() == '[':
			return cut, &conversation.Error{Kind: conversation.ErrInvalid, Param: at, Message: at + ": this cannot be sent"}
		}
		return keep, r.skip()
	}, nil)
}

// maxOutput caps the output limit at what the model can give. One below 1 is
// refused, and clients mean none by it.
func (r *repair) maxOutput() (outcome, error) {
	v, err := r.value()
	if err != nil {
		return keep, err
	}
	n, bad := strconv.Atoi(numeral(v))
	if bad == nil && n < 1 {
		r.req.Warn("generationConfig.maxOutputTokens", "left out: below 1 it sets no limit")
		return cut, nil
	}
	if bad == nil && r.can.MaxOutput > 0 && n > r.can.MaxOutput {
		most := strconv.Itoa(r.can.MaxOutput)
		r.replace(r.at()-len(v), r.at(), most)
		r.req.Warn("generationConfig.maxOutputTokens", "the model's limit is "+most)
	}
	return keep, nil
}

// penalty leaves a penalty out where it is refused: Gemini since 2.5 answers
// "Penalty is not enabled".
func (r *repair) penalty(name string) (outcome, error) {
	if !r.opts.RefusesPenalties(r.can) {
		return r.sampling(&gemini.Ignored{}, name)
	}
	field := "generationConfig." + name
	v, err := r.value()
	if err != nil {
		return keep, err
	}
	if n, bad := strconv.ParseFloat(string(v), 64); bad == nil && n != 0 {
		r.req.Warn(field, "the model refuses penalties")
	}
	return cut, nil
}
