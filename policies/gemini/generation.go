package gemini

import (
	"math"
	"slices"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxStops is how many stop sequences the API takes.
const maxStops = 5

// generation is a resolved generationConfig. Zero and nil mean: left out.
type generation struct {
	maxOutput         int
	temperature, topP *float64
	topK              *int
	seed              *int
	stops             []string
	json              bool
	schema            conversation.Raw
	thinking          thinkingConfig
}

// generation settles sampling, limits, response format and thinking.
func (r *renderer) generation() (generation, error) {
	limits := r.req.Limits
	g := generation{seed: limits.Seed, stops: r.stops()}
	if n := limits.MaxTokens; n != nil {
		if *n <= 0 {
			return g, invalid("max_tokens", "must be greater than 0")
		}
		g.maxOutput = *n
		if r.can.MaxOutput > 0 {
			// Clients ask for what their own model could give: Claude Code
			// for 128,000.
			g.maxOutput = min(*n, r.can.MaxOutput)
		}
		g.maxOutput = min(g.maxOutput, math.MaxInt32)
	}
	// A model that ignores sampling parameters loses nothing without them,
	// and announces to refuse them.
	if !r.can.FixedSampling {
		g.topP, g.topK = limits.TopP, limits.TopK
		if t := limits.Temperature; t != nil {
			clamped := min(max(*t, 0), 2)
			g.temperature = &clamped
		}
	}
	g.thinking = resolveThinking(r.req.Thinking, r.can, g.maxOutput)
	return g, r.format(&g)
}

// stops are the stop sequences that the API takes.
func (r *renderer) stops() []string {
	var out []string
	for _, s := range r.req.Limits.Stop {
		if s != "" && !slices.Contains(out, s) {
			if len(out) == maxStops {
				r.req.Warn("stop_sequences", "only the first "+strconv.Itoa(maxStops)+" are known upstream")
				break
			}
			out = append(out, s)
		}
	}
	return out
}

func (r *renderer) format(g *generation) error {
	f := r.req.Format
	if f == nil {
		return nil
	}
	if len(r.req.Tools) > 0 && !r.can.JSONWithTools {
		return unsupported("format", "model "+r.model+" cannot give JSON output while it has tools; leave one of them out, or use Gemini 3 or later")
	}
	schema, err := compileSchema(f.Schema, schemaOptions{relaxed: r.opts.RelaxSchema})
	if err != nil {
		return invalid("format.schema", err.Error())
	}
	g.json, g.schema = true, schema
	return nil
}

// generationConfig appends g, if it says anything.
func (w *bodyWriter) generationConfig(g generation) {
	start := len(w.buf)
	w.key("generationConfig")
	w.open('{')
	empty := len(w.buf)
	if g.maxOutput > 0 {
		w.key("maxOutputTokens")
		w.int(g.maxOutput)
	}
	if g.temperature != nil {
		w.key("temperature")
		w.float(*g.temperature)
	}
	if g.topP != nil {
		w.key("topP")
		w.float(*g.topP)
	}
	if g.topK != nil {
		w.key("topK")
		w.int(*g.topK)
	}
	if g.seed != nil {
		w.key("seed")
		w.int(int(int32(*g.seed))) // clients' seeds may have 64 bits
	}
	if len(g.stops) > 0 {
		w.strings("stopSequences", g.stops)
	}
	if g.json {
		w.stringField("responseMimeType", "application/json")
	}
	if g.schema != nil {
		w.key("responseJsonSchema")
		w.raw(g.schema)
	}
	w.thinking(g.thinking)
	if len(w.buf) == empty {
		w.buf = w.buf[:start]
		return
	}
	w.close('}')
}
