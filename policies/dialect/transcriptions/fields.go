package transcriptions

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

// Tables returns all tables, for the documentation.
func Tables() []*jsonwalk.Table { return []*jsonwalk.Table{formFields, formats} }

const noSpeakers = "the upstream is not told voices to compare"

var formFields = &jsonwalk.Table{Name: "form", Fields: []jsonwalk.Field{
	{"file", jsonwalk.Map, "the recording; its type by the content-type, by the ending of its name, or by its first bytes"},
	{"model", jsonwalk.Map, "the model, by the alias table"},
	{"language", jsonwalk.Map, "told to the model"},
	{"languages", jsonwalk.Map, "told to the model"},
	{"prompt", jsonwalk.Map, "told to the model, as what helps with names and spellings"},
	{"keywords", jsonwalk.Map, "told to the model, as what helps with names and spellings"},
	{"response_format", jsonwalk.Map, "the form of the answer"},
	{"temperature", jsonwalk.Map, "sampling, where the model honors it"},
	{"stream", jsonwalk.Map, "events instead of one document; whisper models ignore it, as the original service's do"},
	{"timestamp_granularities", jsonwalk.Refuse, "the upstream tells no times of words or segments"},
	{"include", jsonwalk.Warn, "there are no log probabilities of transcripts"},
	{"chunking_strategy", jsonwalk.Drop, "recordings are heard whole"},
	{"known_speaker_names", jsonwalk.Refuse, noSpeakers},
	{"known_speaker_references", jsonwalk.Refuse, noSpeakers},
}}

var formats = &jsonwalk.Table{Name: "response_format", Fields: []jsonwalk.Field{
	{"json", jsonwalk.Map, "the text and its usage; also if nothing is said"},
	{"text", jsonwalk.Map, "the text alone"},
	{"verbose_json", jsonwalk.Map, "the text, its language, and its length in seconds, reckoned from its tokens; no segments"},
	{"srt", jsonwalk.Refuse, "the upstream tells no times for subtitles; ask for json, text or verbose_json"},
	{"vtt", jsonwalk.Refuse, "the upstream tells no times for subtitles; ask for json, text or verbose_json"},
	{"diarized_json", jsonwalk.Refuse, "speakers are not told apart; ask for json, text or verbose_json"},
}}
