// Package openai is what the two APIs of OpenAI have in common: content parts,
// calls, how a call's arguments hide in a string, tools that take text instead
// of arguments, and how errors are worded. Other APIs read their parts and
// calls with it, since clients send them there.
package openai
