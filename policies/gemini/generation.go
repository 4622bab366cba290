package gemini

import (
	"math"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// MaxStops is how many stop sequences the API takes.
const MaxStops = 5

// maxStopBytes bounds the stop sequences together: the search for those that
// are not sent needs some 30 bytes of memory for each byte.
const maxStopBytes = 16 << 10

// maxLogprobs is how many alternatives the API gives for each token.
const maxLogprobs = 20

// generation is a resolved generationConfig. Zero and nil mean that it is left
// out.
type generation struct {
	maxOutput           int
	temperature, topP   *float64
	topK                *int
	seed                *int
	presence, frequency *float64
	candidates          int
	logprobs            bool
	topLogprobs         int
	stops, unknownStops []string
	json                bool
	schema              conversation.Raw
	schemaField         string // that takes it
	thinking            thinkingConfig
	output              output
	resolution          string // of all media
	silent              bool   // the answer is not told
}

// generation settles sampling, limits, response format, thinking and what
// kinds of answer there may be. tooled says that there are tools.
func (r *renderer) generation(turns []turn, tooled bool) (generation, error) {
	limits := r.req.Limits
	g := generation{seed: limits.Seed}
	var err error
	if g.stops, g.unknownStops, err = r.splitStops(limits.Stop); err != nil {
		return g, err
	}
	if n := limits.MaxTokens; n != nil {
		// A limit of 0 fills a cache; the upstream gives at least one token.
		g.silent = *n == 0
		g.maxOutput = max(*n, 1)
		if r.can.MaxOutput > 0 {
			// Clients ask for the limit of their own model: Claude Code for 128,000.
			g.maxOutput = min(g.maxOutput, r.can.MaxOutput)
		}
		g.maxOutput = min(g.maxOutput, math.MaxInt32)
	}
	r.sampling(&g)
	if err := r.candidates(&g); err != nil {
		return g, err
	}
	if g.output, err = r.output(); err != nil {
		return g, err
	}
	g.resolution = r.resolve(turns)
	g.thinking = resolveThinking(r.req.Thinking, r.can, g.maxOutput)
	if own := r.req.Upstream.ThinkingConfig; len(own) > 0 {
		if own[0] != '{' {
			return g, r.invalid("thinking_config", "must be an object")
		}
		g.thinking.own = own
	}
	return g, r.format(&g, tooled)
}

// OneAnswer is the error text for a model that gives one answer only.
func OneAnswer(model string) string {
	return "model " + model + " gives one answer per request; send the request again for another"
}

// candidates settles the number of answers. If the model gives fewer than
// requested, that is an error.
func (r *renderer) candidates(g *generation) error {
	n := r.req.Limits.Candidates
	switch {
	case n < 0:
		return r.invalid("n", "must be greater than 0")
	case n <= 1:
		return nil
	case r.can.OneCandidate:
		return r.unsupported("n", OneAnswer(r.model))
	case n > MaxCandidates:
		return r.invalid("n", "must be at most "+strconv.Itoa(MaxCandidates))
	}
	g.candidates = n
	return nil
}

// splitStops returns the stop sequences that are sent to the API, and the rest.
func (r *renderer) splitStops(all []string) (known, rest []string, err error) {
	size, seen := 0, map[string]bool{"": true}
	for _, s := range all {
		if size += len(s); size > maxStopBytes {
			return nil, nil, r.invalid("stop_sequences", "all together must be at most "+strconv.Itoa(maxStopBytes)+" bytes")
		}
		switch {
		case seen[s]:
		case len(known) < MaxStops:
			known = append(known, s)
		default:
			rest = append(rest, s)
		}
		seen[s] = true
	}
	return known, rest, nil
}

func (r *renderer) format(g *generation, tooled bool) error {
	f := r.req.Format
	if f == nil {
		return nil
	}
	if tooled && !r.can.JSONWithTools {
		return r.unsupported("format", "model "+r.model+" cannot give JSON output while it has tools; leave one of them out, or use Gemini 3 or later")
	}
	schema, told, err := r.opts.Compiler.compile(f.Schema, r.schemaOptions(false), r.schemas)
	if err != nil {
		return r.invalid("format.schema", err.Error())
	}
	for _, why := range told {
		r.note("format.schema", why)
	}
	g.json, g.schema = true, schema
	g.schemaField = r.schemaField("responseJsonSchema", "responseSchema")
	return nil
}

// schemaOptions says how schemas are written for the model.
func (r *renderer) schemaOptions(object bool) schemaOptions {
	return schemaOptions{object: object, relaxed: r.opts.RelaxSchema, proto: r.can.ProtoSchema || r.opts.ProtoSchema}
}

// schemaField is the name of the member that takes a schema so written.
func (r *renderer) schemaField(json, proto string) string {
	if r.schemaOptions(false).proto {
		return proto
	}
	return json
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
	if g.presence != nil {
		w.key("presencePenalty")
		w.float(*g.presence)
	}
	if g.frequency != nil {
		w.key("frequencyPenalty")
		w.float(*g.frequency)
	}
	if g.candidates > 1 {
		w.key("candidateCount")
		w.int(g.candidates)
	}
	if g.logprobs {
		w.key("responseLogprobs")
		w.raw([]byte("true"))
	}
	if g.topLogprobs > 0 {
		w.key("logprobs")
		w.int(g.topLogprobs)
	}
	if len(g.stops) > 0 {
		w.strings("stopSequences", g.stops)
	}
	if g.json {
		w.stringField("responseMimeType", "application/json")
	}
	if g.schema != nil {
		w.key(g.schemaField)
		w.raw(g.schema)
	}
	w.output(g.output)
	if g.resolution != "" {
		w.stringField("mediaResolution", g.resolution)
	}
	w.thinking(g.thinking)
	if len(w.buf) == empty {
		w.buf = w.buf[:start]
		return
	}
	w.close('}')
}
