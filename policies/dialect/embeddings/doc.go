// Package embeddings speaks the OpenAI Embeddings API.
//
// A request is one text or a list of texts; the reply has one vector for each,
// as numbers or, which OpenAI's SDKs ask for by themselves, as base64 of
// little-endian 32-bit floats. OpenAI's vectors have length 1, and clients rely
// on it: they compare by the dot product. Gemini's have it only at full size,
// so all are normalized here.
package embeddings
