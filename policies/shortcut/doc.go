// Package shortcut decides what is answered without upstream.
//
// A probe ([Probed]) only checks what kind of server answers: it comes without
// a key, and its answer reveals nothing of the gateway's state. A side request
// ([SideRequest], [NoTokens]) is a coding agent's own, such as a title for the
// conversation: a policy may have it answered here, which costs no tokens. This
// package decides on the answer; package exchange encodes it for the client's
// API and logs it.
package shortcut
