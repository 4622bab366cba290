package endpoint

import (
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
)

// unserved is a part of an API that heald does not speak, and what to do instead.
type unserved struct {
	// name is an endpoint, or, with a slash or colon before it, the ending of one.
	// Everything below it is included, unless it ends with a $.
	name    string
	instead string
}

const (
	noDeployments = "there are no deployments to list here: GET /v1/models lists the models, and each can be named as a deployment"
	noBatches     = "batches are not served here: send the requests one by one, as many at a time as you like"
	noFiles       = "no files are kept here: put a file's content, in base64, into the message that speaks of it"
	noHistory     = "no conversations are kept here: send the whole conversation with each request, to /v1/responses or /v1/chat/completions"
	noTraining    = "models are not trained here: use Google's API for it, and name the tuned model in requests"
	noSockets     = "no sessions over WebSockets are served here: send requests over HTTP, and ask for a stream"
	noStores      = "no stores of documents are kept here: put what the model shall read into the request"
	noRanks       = "documents are not ranked here: compare embeddings, by /v1/embeddings, or ask a model for the order"
	noOllama      = "Ollama's API is not spoken here: choose the client's provider for OpenAI's API, with a base URL that ends in /v1"
	noVideos      = "videos are not made here: use Google's API for it"
)

// unservedRows are searched in order; the first match is used. Endings come
// first: a method says more than the model it is called on.
var unservedRows = []unserved{
	{":batchGenerateContent", noBatches},
	{":asyncBatchEmbedContent", noBatches},
	{":predict", "this is not served here: ask an image model, such as " + gemini.ImageModel + ", by :generateContent"},
	{":predictLongRunning", noVideos},
	{":fetchPredictOperation", noVideos},
	{":rawPredict", "Claude on Vertex AI is not served here: switch Vertex AI off in the client, and set its base URL for Anthropic (ANTHROPIC_BASE_URL) to this gateway"},
	{":streamRawPredict", "Claude on Vertex AI is not served here: switch Vertex AI off in the client, and set its base URL for Anthropic (ANTHROPIC_BASE_URL) to this gateway"},
	{":bidiGenerateContent", noSockets},
	{":generateAnswer", "this is not served here: ask by :generateContent"},
	{":computeTokens", "tokens are only counted here: ask by :countTokens"},
	{"/invoke", "Bedrock's API is not spoken here: switch Bedrock off in the client, and set its base URL for Anthropic (ANTHROPIC_BASE_URL) to this gateway"},
	{"/invoke-with-response-stream", "Bedrock's API is not spoken here: switch Bedrock off in the client, and set its base URL for Anthropic (ANTHROPIC_BASE_URL) to this gateway"},
	{"/converse", "Bedrock's API is not spoken here: use a client for OpenAI's or Anthropic's"},
	{"/converse-stream", "Bedrock's API is not spoken here: use a client for OpenAI's or Anthropic's"},

	{"messages/batches", noBatches},
	{"batches", noBatches},
	{"batchPredictionJobs", noBatches},
	{"files", noFiles},
	{"upload", noFiles},
	{"uploads", noFiles},
	{"containers", noFiles},
	{"cachedContents", "no contents are cached here: Gemini caches repeated beginnings of requests by itself; a cache that was made elsewhere may be named as cachedContent where the policy allows it (allow.cached_contents)"},
	{"complete", "this API has ended: send messages to /v1/messages"},
	{"edits", "this API has ended: send messages to /v1/chat/completions"},
	{"skills", "no skills are kept here: put their text into the request"},
	{"agents", noHistory},
	{"sessions", noHistory},
	{"environments", noHistory},

	{"responses/compact", "conversations are not compacted here: ask the model for a summary by /v1/responses, and go on from that"},
	{"responses", "no responses are kept here: send the whole conversation as input, without previous_response_id, and keep the answer that you get"},
	{"conversations", noHistory},
	{"assistants", noHistory},
	{"threads", noHistory},
	{"chat/completions", "no answers are kept here: keep the one that you get"},
	{"vector_stores", noStores},
	{"fileSearchStores", noStores},
	{"corpora", noStores},
	{"moderations", "texts are not rated here: Gemini's safety settings hold for each request, and answers tell where they stopped it"},
	{"realtime", noSockets},
	{"ws", noSockets},
	{"live", noSockets},
	{"audio/speech", "send the text to /v1/chat/completions, to a model whose name ends in -tts, with modalities [\"audio\"]"},
	{"images/variations", "send the image to /v1/images/edits, and ask for a variation in the prompt"},
	{"videos", noVideos},
	{"fine_tuning", noTraining},
	{"fine-tunes", noTraining},
	{"tunedModels", noTraining},
	{"tuningJobs", noTraining},
	{"evals", "models are not evaluated here"},
	{"interactions", "the Interactions API is not spoken here: ask by /v1beta/models/MODEL:generateContent, with the whole conversation"},
	{"operations", "nothing here takes longer than its request: there are no operations to ask for"},
	{"organization", "this gateway has no accounts of its own to manage: its metrics tell what is used"},
	{"organizations", "this gateway has no accounts of its own to manage: its metrics tell what is used"},

	{"rerank", noRanks},
	{"/rerank", noRanks},
	{"deployments", noDeployments},
	{"engines", noDeployments},

	{"chat$", "send messages to /v1/chat/completions; a client for Ollama has a provider for OpenAI's API as well: choose that, with a base URL that ends in /v1"},
	{"generate", noOllama},
	{"embed", noOllama},
	{"tags", noOllama},
	{"show", noOllama},
	{"ps", noOllama},
	{"version", noOllama},
	{"pull", noOllama},
	{"push", noOllama},
	{"create", noOllama},
	{"copy", noOllama},
	{"delete", noOllama},
	{"blobs", noOllama},
}

// Alternative says what to do instead of asking for an endpoint; "" if it
// belongs to no known API.
func (e *Endpoint) Alternative() string {
	name := e.inProject()
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	for _, row := range unservedRows {
		switch row.name[0] {
		case ':', '/':
			if strings.HasSuffix(name, row.name) {
				return row.instead
			}
		default:
			if name+"$" == row.name {
				return row.instead
			}
			if rest, ok := strings.CutPrefix(name, row.name); ok && (rest == "" || rest[0] == '/' || rest[0] == ':') {
				return row.instead
			}
		}
	}
	return ""
}
