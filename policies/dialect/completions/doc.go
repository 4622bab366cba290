// Package completions speaks the OpenAI Completions API, which came before Chat
// Completions, for the tools that still use it.
//
// A request is a prompt and settings. The prompt becomes the only message of
// the user; the model answers it as it answers any message. The answer's text
// is delivered as it comes, or folded into one document; thinking is kept low,
// and thoughts are not delivered, since the API has no place for them.
//
// Known limits: one prompt and one answer per request; prompts in tokens, text
// to fill in before a suffix, log probabilities and the echo of the prompt are
// refused, since the upstream has none of them.
package completions
