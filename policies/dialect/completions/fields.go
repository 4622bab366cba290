package completions

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table { return []*jsonwalk.Table{requestFields, streamFields} }

var requestFields = &jsonwalk.Table{Name: "request", Fields: []jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; replies echo it"},
	{"prompt", jsonwalk.Map, "the user's message: a text, or a list of one; tokens are refused"},
	{"stream", jsonwalk.Map, "chunks instead of one document"},
	{"stream_options", jsonwalk.Map, "whether the last chunk tells the usage"},
	{"max_tokens", jsonwalk.Map, "the output limit; 16 where it is absent, as the original service has it"},
	{"temperature", jsonwalk.Map, "sampling, where the model honors it"},
	{"top_p", jsonwalk.Map, "sampling, where the model honors it"},
	{"seed", jsonwalk.Map, "sampling; the lower 32 bits"},
	{"stop", jsonwalk.Map, "stop sequences, at most 1024"},
	{"presence_penalty", jsonwalk.Map, "sampling, where the model honors it"},
	{"frequency_penalty", jsonwalk.Map, "sampling, where the model honors it"},
	{"n", jsonwalk.Map, "must be 1: other numbers of answers are refused"},
	{"best_of", jsonwalk.Map, "must be 1: other numbers of answers are refused"},
	{"suffix", jsonwalk.Refuse, "the upstream does not fill in the middle; put the text before and after into a message to /v1/chat/completions"},
	{"echo", jsonwalk.Refuse, "answers do not repeat the prompt"},
	{"logprobs", jsonwalk.Refuse, "answers have no log probabilities here; /v1/chat/completions has them, where the model does"},
	{"logit_bias", jsonwalk.Warn, "tokens are not the original service's"},
	{"user", jsonwalk.Drop, "persons are not passed on"},
}}

var streamFields = &jsonwalk.Table{Name: "stream_options", Fields: []jsonwalk.Field{
	{"include_usage", jsonwalk.Map, "a last chunk tells the usage"},
	{"include_obfuscation", jsonwalk.Drop, "chunks are not padded"},
}}
