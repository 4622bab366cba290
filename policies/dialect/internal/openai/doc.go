// Package openai is what the two APIs of OpenAI have in common: how errors are
// worded, how a call's arguments hide in a string, and tools that take text
// instead of arguments.
package openai
