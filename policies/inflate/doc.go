// Package inflate decompresses HTTP bodies that arrive cut anywhere: requests
// of clients, and replies of providers.
//
// [Of] reads the Content-Encoding header. A [Reader] is fed the chunks as they
// come and hands over at once whatever can be decoded of them, so that a
// compressed stream stays a stream. The decoders read from an io.Reader; they
// run as a coroutine (iter.Pull), which stands still while there is no input.
// It runs only within Feed. A Reader must be stopped, or the coroutine is
// leaked.
//
// Checksums and lengths are verified, and nothing may follow the end of the
// compressed data.
//
// Memory: one piece, the decoder's tables, and its window: 32 KiB for gzip and
// deflate, at most 8 MiB for zstd (RFC 9659) and 16 MiB for brotli. The caller
// bounds the length of the inflated body; a reader of [NewBounded] also stops
// bodies with an implausible ratio.
package inflate
