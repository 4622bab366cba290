// Package dataurl reads the URLs of media that clients of the OpenAI APIs send:
// data: URLs, whose base64 is kept as the client escaped it, and references
// that the upstream fetches.
package dataurl
