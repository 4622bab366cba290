// Package fakegemini is a strict stand-in for Google's Gemini API, for tests
// and for end-to-end runs behind a real Envoy. It speaks both surfaces, AI
// Studio and Vertex AI, over HTTP/1.1 and cleartext HTTP/2.
//
// A request goes through these steps, and the first that objects answers it in
// Google's words and shape:
//
//	route       path to surface, version, model, method     (route.go)
//	credential  exactly one, and a known one                (credential.go)
//	body        gunzip, strict JSON, no duplicate names     (body.go, node.go)
//	schema      every field against the field table         (schema.go, validate.go)
//	rules       what the proto cannot say                   (rules.go and the files it names)
//	reply       the next scripted reply, or the auto model  (queue.go, automodel.go)
//	play        chunks, faults and gates onto the wire      (play.go)
//
// The fake tests a proxy, so in doubt it refuses. A rule that the real API is
// known to be lax about can be tolerated through Options; what was tolerated is
// kept as marks beside the recorded request. It shares no code with the
// packages it judges.
//
// Signatures are stateless: a keyed hash over what they sign, so that two
// processes with the same key accept each other's (signature.go).
//
// With nothing queued the auto model answers: it echoes the last user text,
// returns JSON that fits a response schema, and calls a function when the text
// holds USE-TOOL (automodel.go). Vectors follow from their texts (embedding.go).
//
// From another process it is scripted over HTTP, at paths that the API does not
// have: POST /fake/script takes a JSON list of replies (scriptjson.go has the
// fields), POST /fake/release?gate=name opens a gate that a reply waits at,
// GET /fake/requests tells what came in, POST /fake/reset forgets it all.
//
// What it does not do: cached contents, files, tuning, live sessions;
// tokens are estimates (four bytes each).
package fakegemini
