package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// maxTopLogprobs is the original service's limit, and the upstream's.
const maxTopLogprobs = 20

// limit reads a sampling setting or limit. Ranges are the upstream's business
// where they differ by model.
func (d *decoder) limit(name string, v jsontext.Value) (err error) {
	l := &d.Req.Limits
	switch name {
	case "max_completion_tokens", "max_output_tokens":
		err = openai.Limit(d.Walker, &d.maxCompletion, name, v)
	case "max_tokens":
		err = openai.Limit(d.Walker, &d.maxTokens, name, v)
	case "temperature":
		err = setting.Set(&l.Temperature, name, v, d.Number)
	case "top_p":
		err = setting.Set(&l.TopP, name, v, d.Number)
	case "top_k":
		err = setting.TopK(d.Walker, &l.TopK, name, v)
	case "seed", "random_seed":
		err = setting.Set(&l.Seed, name, v, func(name string, v jsontext.Value) (int, error) { return openai.Seed(d.Walker, name, v) })
	case "presence_penalty":
		err = setting.Set(&l.PresencePenalty, name, v, d.Number)
	case "frequency_penalty":
		err = setting.Set(&l.FrequencyPenalty, name, v, d.Number)
	case "logprobs":
		l.Logprobs, err = d.Flag(name, v)
	case "top_logprobs":
		err = setting.Set(&l.TopLogprobs, name, v, d.Count)
		if err == nil && *l.TopLogprobs > maxTopLogprobs {
			err = d.Invalid(name, "Input should be less than or equal to %d", maxTopLogprobs)
		}
	case "n":
		l.Candidates, err = d.Count(name, v)
	}
	return err
}
