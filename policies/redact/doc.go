// Package redact keeps what is secret or only the gateway's business out of
// texts. There are three questions, and each has one answer here:
//
//   - Does a value that somebody has written into heald.yaml, a flag or a header
//     look like a credential ([Secret])? Then it is not echoed ([Quote]), and a
//     text that may hold one is cleaned before it is printed ([Text]).
//   - What may a text of the provider's tell the log ([ForLog]) and the client
//     ([ForClient])? No key may reach either; projects, addresses, buckets and
//     hosts are the operator's, so the log keeps them.
//   - Which secrets are configured ([Secrets])? They are cut out as they are, in
//     capitals, URL-encoded, in base64, base32 and hex. A text with another
//     writing of one, or with a piece of it (12 letters and digits or more), is
//     replaced as a whole: reversed, with something between the letters, in
//     escapes of URLs, JSON, C or HTML.
//
// [Bound] ends a text that is too long. It comes last, but for a generous bound
// before the search ([SearchLimit]): a credential that was cut in two would only
// be found where it is configured.
//
// Known limits. Of a secret with fewer than 12 letters and digits only the whole
// is found, of one with fewer than 6 bytes nothing. A secret that is made of
// words hides texts in which the same words follow each other. Other writings
// (compressed, encrypted, pieces of fewer than 12) are not found. A credential
// that is not configured is found by its known beginning, by what announces it,
// or by its shape from 24 characters of hex and base64 on, and in no disguise.
package redact
