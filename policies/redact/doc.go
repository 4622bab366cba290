// Package redact keeps what is secret or only the gateway's business out of
// texts. There are three questions, and each has one answer here:
//
//   - Does a value that somebody has written into heald.yaml, a flag or a header
//     look like a credential ([Secret])? Then it is not echoed ([Quote]), and a
//     text that may hold one is cleaned before it is printed ([Text]).
//   - What may a text of the provider's tell the log ([ForLog]) and the client
//     ([ForClient])? No key may reach either; projects, addresses, buckets and
//     hosts are the operator's, so the log keeps them.
//   - Which secrets are configured ([Secrets])? They are found in whatever form
//     they come back: as they are, URL-encoded, or in base64.
//
// [Bound] ends a text that is too long. It comes last: a credential that was
// cut in two would not be found any more.
//
// Known limits: a short or guessable password is a word like any other and is
// only found where it is configured. Hex and base64 are found by their shape
// from 24 characters on, other encodings are not.
package redact
