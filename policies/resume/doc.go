// Package resume fetches the rest of an answer that broke off (`resume: text`):
// of a stream, after the client had a part of it, or of a document that is held
// back until it is whole.
//
// One broken answer's way through it:
//
//  1. [SoFar] follows the answer's events from the beginning, and knows whether
//     it can be resumed: thoughts and text only, text last.
//  2. [Ask] makes the request for the rest, in one of three forms ([Form]). The
//     first shows the model its text so far as its own message. The second
//     quotes it in the user's, for a backend that refuses the first. Both name
//     the last words of the text, the anchor, and ask for them once more before
//     the rest. The third is the client's request again, unchanged.
//  3. [Client] sends it through an Envoy listener that leads to the provider's
//     clusters without heald's filter, and collects what comes ([Fetch]).
//  4. [Rest] turns the events of the reply into those that complete the answer.
//     What the client has already is dropped.
//
// A reply is joined only if it proves where the seam is (joint.go), so that no
// character is lost or repeated. There are two proofs. Its text begins with the
// anchor, or a longer end of the text so far that the anchor closes: the anchor
// stands in the text only once. Or its text begins with the whole text so far,
// character for character: it is the same answer again. Anything else is
// refused.
//
// A model turn at the end, which some models continue, is not enough: the reply
// may continue, start over, or repeat some words, and does not show which.
//
// After a reply that fails there is another request; policies/exchange chooses
// the backend. The client's usage is the sum of all replies, also of those of
// which nothing was used, since each is billed. Only the replies that the text
// comes from count toward the request's token limit. A reply that is the same
// answer again has all of the text; if it ends at the limit that was lowered
// for the rest, the answer has not ended, and is asked for in another form.
//
// Known limits: thoughts of the continuation are not shown, since they would
// interrupt the text. Structured output, several answers, log probabilities,
// citations and forced tool calls are not resumed, and nor are native Gemini
// requests with a field whose meaning for the answer is unknown.
package resume
