// Package redact removes from texts what is secret or only for the operator. It
// answers three questions:
//
//   - Does a value that somebody has written into heald.yaml, a flag or a header
//     look like a credential ([Secret])? Then it is not echoed ([Quote]), and a
//     text that may hold one is cleaned before it is printed ([Text]).
//   - What of a provider's text may go to the log ([ForLog]) and to the client
//     ([ForClient])? No key may reach either; projects, addresses, buckets and
//     hosts are the operator's, so the log keeps them.
//   - Which secrets are configured ([Secrets])? They are removed as they are,
//     in capitals, URL-encoded, in base64, base32 and hex. A text with another
//     spelling of one, or with a piece of it (12 letters and digits or more),
//     is replaced as a whole: reversed, with something between the letters, in
//     escapes of URLs, JSON, C or HTML.
//
// [Bound] ends a text that is too long. It comes last, after a generous bound
// before the search ([SearchLimit]): a credential that was cut in two would
// only be found if it is configured.
//
// Known limits. Of a secret with fewer than 12 letters and digits only the
// whole is found, of one with fewer than 6 bytes nothing. A secret that is made
// of words hides texts in which the same words follow each other. Other
// spellings (compressed, encrypted, pieces of fewer than 12) are not found. A
// credential that is not configured is found by its known beginning, by the
// words before it, or by its form from 24 characters of hex and base64 on, but
// not in another spelling.
package redact
