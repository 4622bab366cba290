// Package resume fetches the rest of an answer whose stream broke off after
// the client had a part of it (`resume: text`).
//
// One broken answer's way through it:
//
//  1. [SoFar] follows the answer's events from the beginning, and knows whether
//     it could be gone on with: thoughts and text only, text last.
//  2. [Ask] makes the request for the rest: the conversation, the text so far as
//     a message of the model, and a wish of the user that names the last words
//     of it, the anchor, and asks for them once more before the rest.
//  3. [Client] sends it through an Envoy listener that leads to the provider's
//     clusters without heald's filter, and collects what comes ([Fetch]).
//  4. [Rest] turns the events of the reply into those that complete the answer.
//     Its text must begin with the anchor, which is dropped: that is the proof
//     that the seam is where the first answer ended, and that no character is
//     lost or said twice (joint.go). A reply without it is refused.
//
// Why not a model turn at the end, which some models go on with: what comes
// then may go on, or start over, or repeat some words, and nothing tells which.
// The anchor is chosen so that it stands only once in the text so far.
//
// What the client is told of usage is the sum: both requests are billed, the
// conversation is read twice.
//
// Known limits: thoughts of the continuation are not shown, since they would
// tear the text apart. Structured output, several answers, log probabilities,
// citations, forced tool calls and native Gemini bodies are not resumed.
package resume
