// Package shortcut decides what is answered without upstream.
//
// A probe ([Probed]) only looks who is there: it comes without a key, and its
// answer tells nothing of the gateway's state. A side request ([SideRequest],
// [NoTokens]) is a coding agent's own, such as a title for the conversation: a
// policy may have it answered here, in words that cost no tokens. Which answer
// that is stands here; how the client's API words it, and what the log tells of
// it, is decided by package exchange.
package shortcut
