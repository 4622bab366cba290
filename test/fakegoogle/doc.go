// Package fakegoogle stands in for the servers that hand out Google's access
// tokens: the token endpoint, the security token service, the IAM credentials
// API and the metadata server.
//
// It checks what it gets at least as strictly as Google: the signature and the
// times of assertions, form fields, media types, the Metadata-Flavor header. It
// counts calls and fails on a script. [Google.Transport] needs no sockets, so
// tests can run it in a bubble of testing/synctest; [Google] is a handler too.
package fakegoogle
