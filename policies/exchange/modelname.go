package exchange

import (
	"iter"
	"slices"
	"strings"
)

// providers are what routers of models, and clients that know several services,
// put before a model's name to say whose it is: LiteLLM, aider, Continue,
// opencode, OpenRouter. This gateway has one provider, so they say nothing here.
var providers = []string{
	"models", "google", "gemini", "vertex", "vertex_ai", "vertex_ai_beta", "google-vertex", "google_vertexai", "google-vertex-anthropic",
	"google_genai", "google-ai-studio", "googleai", "openai", "openai-compatible", "openai_like", "custom_openai", "text-completion-openai",
	"azure", "anthropic", "openrouter", "litellm_proxy", "litellm",
}

// tiers are OpenRouter's words behind a name that choose the price or the speed.
// Others, such as :online, ask for another answer, and stay, so that the name is
// refused.
var tiers = []string{":free", ":nitro", ":floor", ":extended", ":exacto"}

// withoutPrefixes yields a client's name for a model, and what is left of it as
// the providers before it are taken away, one by one.
func withoutPrefixes(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		// A byte order mark, or a line's end, comes from files that names are kept in.
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

// withoutPrefix takes one of them away; ok is false if there is none.
func withoutPrefix(name string) (short string, ok bool) {
	for _, t := range tiers {
		if short, ok := strings.CutSuffix(name, t); ok {
			return short, true
		}
	}
	if short := afterProject(name); short != name {
		return short, true
	}
	if short, ok := strings.CutPrefix(name, "publishers/google/"); ok {
		return short, true
	}
	head, short, ok := strings.Cut(name, "/")
	return short, ok && slices.Contains(providers, head)
}
