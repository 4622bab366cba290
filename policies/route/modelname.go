package route

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
)

// providers are what routers of models, and clients that know several services,
// put before a model's name to say whose it is, with a slash or a colon behind:
// LiteLLM, aider, Continue, opencode, OpenRouter, LangChain, Pydantic AI,
// Portkey (with an @ before it). This gateway has one provider, so they have no
// meaning here. heald is the provider's name in CLIENTS.md.
var providers = []string{
	"heald", "models", "google", "gemini", "vertex", "vertexai", "vertex-ai", "vertex_ai", "vertex_ai_beta",
	"google-vertex", "google_vertexai", "google-vertex-anthropic", "google_genai", "google-gla", "google-ai-studio", "googleai",
	"openai", "openai-chat", "openai-responses", "responses", "openai-compatible", "openai_compatible", "openai_like", "custom_openai", "text-completion-openai",
	"azure", "azure_ai", "azure_openai", "azure-openai", "anthropic", "openrouter", "litellm_proxy", "litellm",
	"github", "github_copilot", "github-copilot", "copilot",
	"bedrock", "bedrock_converse", "amazon-bedrock", "converse", "invoke",
}

// tiers are OpenRouter's suffixes that choose the price, the speed or whether
// thoughts are shown, for which the request's own fields are used here, and
// Claude Code's suffix for the large window. Others, such as :online, would
// change the answer, and stay, so that the name is refused.
var tiers = []string{":free", ":nitro", ":floor", ":extended", ":exacto", ":beta", ":thinking", "[1m]"}

var (
	// bedrockPrefix is the region and vendor that Bedrock's names begin with, as in
	// us.anthropic.claude-sonnet-4-5-20250929-v1:0, with or without the rest of an
	// ARN, and with LiteLLM's region.
	bedrockPrefix = regexp.MustCompile(`^(?:arn:aws[a-z-]*:bedrock:[^/]*/|[a-z]{2}(?:-[a-z]+)+-\d/)?(?:(?:us|us-gov|eu|apac|ap|au|jp|ca|sa|global)\.)?(?:anthropic|openai)\.`)
	// release is the version behind a name at Bedrock (-v1:0) and at Vertex AI
	// (@default, @20250929).
	release = regexp.MustCompile(`(?:-v\d+:\d+(?::\d+k)?|@default|@latest|@\d{8})$`)
)

// withoutPrefixes yields a client's name for a model, and what is left after
// each removal of a prefix or suffix without meaning here.
func withoutPrefixes(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		// A byte order mark, or a line's end, comes from files with names.
		name := strings.Trim(name, "\ufeff \t\r\n")
		for yield(name) {
			short, ok := withoutPrefix(name)
			if !ok {
				return
			}
			name = short
		}
	}
}

// shortest is a client's name without any of them.
func shortest(name string) string {
	for n := range withoutPrefixes(name) {
		name = n
	}
	return name
}

// withoutPrefix removes one of them; ok is false if there is none.
func withoutPrefix(name string) (short string, ok bool) {
	for _, t := range tiers {
		if short, ok := strings.CutSuffix(name, t); ok {
			return short, true
		}
	}
	if strings.ContainsAny(name, ":@") {
		if at := release.FindStringIndex(name); at != nil {
			return name[:at[0]], true
		}
	}
	if short := BelowProject(name); short != name {
		return short, true
	}
	if short, ok := strings.CutPrefix(name, "publishers/google/"); ok {
		return short, true
	}
	if strings.Contains(name, "anthropic.") || strings.Contains(name, "openai.") {
		if at := bedrockPrefix.FindStringIndex(name); at != nil {
			return name[at[1]:], true
		}
	}
	if end := strings.IndexAny(name, "/:"); end >= 0 && slices.Contains(providers, strings.ToLower(strings.TrimPrefix(name[:end], "@"))) {
		return name[end+1:], true
	}
	return "", false
}

// UpstreamName is a client's name, which no alias knows, as upstream has it. All
// of Google's are in lower case.
func (m Models) UpstreamName(name string) string {
	name = shortest(name)
	lower := strings.ToLower(name)
	_, own := m.Known[name]
	_, known := m.Known[lower]
	if !own && (known || strings.HasPrefix(lower, "gemini-") || gemini.DefaultTable.Family(lower) != "") {
		return lower
	}
	return name
}

// BelowProject is a resource's name without projects/P/locations/L/.
func BelowProject(name string) string {
	if s := strings.SplitN(name, "/", 5); len(s) == 5 && s[0] == "projects" && s[2] == "locations" {
		return s[4]
	}
	return name
}
