// Package conversation is the neutral middle: what any client asked, and what
// any upstream answers, in types that belong to neither.
//
// A client dialect decodes its body into a [Request]; the upstream renders
// the request into its own body. Upstream bytes become [Event] values; a
// client dialect encodes the events. So n dialects and m upstreams need n + m
// translators, not n × m.
//
// The package holds types only. Leaf values ([Text], [Raw]) are slices of the
// bytes they were read from, still in JSON form: a 100 KB tool result is copied
// once, into the upstream body, and never unescaped and escaped again. A
// Request or an Event must therefore not be kept longer than the body or chunk
// it came from.
package conversation
