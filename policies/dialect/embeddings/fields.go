package embeddings

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table { return []*jsonwalk.Table{requestFields} }

var requestFields = &jsonwalk.Table{Name: "request", Fields: []jsonwalk.Field{
	{"model", jsonwalk.Map, "the model, by the alias table; replies echo it"},
	{"input", jsonwalk.Map, "a text or a list of texts; lists of tokens are refused: they are those of another model"},
	{"dimensions", jsonwalk.Map, "the length of the vectors"},
	{"encoding_format", jsonwalk.Map, "float or base64"},
	{"task_type", jsonwalk.Map, "what the vectors are for, in the upstream's words; of gateways"},
	{"taskType", jsonwalk.Map, "the same"},
	{"input_type", jsonwalk.Map, "the same, also in the words of Cohere and Voyage; a warning for what the upstream does not know"},
	{"user", jsonwalk.Drop, "persons are not passed on"},
	{"safety_identifier", jsonwalk.Drop, "persons are not passed on"},
}}
