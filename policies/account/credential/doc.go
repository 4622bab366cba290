// Package credential turns Google credentials into access tokens and keeps them
// fresh.
//
// A [Config] (accounts[].credential of heald.yaml) names a credential: the key
// file of a service account, application-default credentials, the metadata
// server, workload identity federation, an impersonated service account.
// [Config.Load] reads and checks it without any call. Only the kind of file
// that was asked for is taken, and only what was checked reaches Google's
// library: each file is decoded, checked and written anew from the checked
// fields. A file can name the URL that a secret is sent to, so these hosts must
// be Google's; it can name a program to run, which is refused.
//
// A [Source] fetches one token. The base token comes from Google's library
// (cloud.google.com/go/auth) or the metadata client; impersonation is a step on
// top of it, the same for every base. Lifetimes are durations, taken from
// expires_in or from the Date of the answer, so a local clock that is wrong does
// not matter.
//
// A [Refresher] owns one goroutine that fetches tokens one after the other:
// early, again with back-off where that fails, at once where the provider
// refuses a token that should still be good. Readers load one atomic pointer.
// A [Set] keeps the refreshers of a process: they survive reloads which leave
// their credential as it was.
//
// Known limits. The calls leave the process directly, through the proxy that
// HTTPS_PROXY names, and not through Envoy: Envoy's configuration would have to
// hold clusters for endpoints that only the credential file names, and a token
// is needed before the first request. Subject tokens come from files and URLs;
// AWS signatures, certificates and programs are refused, and so are universes
// other than googleapis.com.
package credential
