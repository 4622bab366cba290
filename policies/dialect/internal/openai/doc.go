// Package openai is what OpenAI's two APIs have in common: content parts,
// calls, arguments encoded in a string, tools that take text instead of
// arguments, and errors. Other dialects use it too, since clients send such
// parts and calls to them.
package openai
