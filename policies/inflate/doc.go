// Package inflate decompresses HTTP bodies that arrive cut anywhere: requests
// of clients, and replies of providers.
//
// [Of] reads the Content-Encoding header. A [Reader] is fed the chunks as they
// come and hands over at once whatever can be decoded of them, so that a
// compressed stream stays a stream. The decoders read from an io.Reader; they
// run as a coroutine (iter.Pull), which stands still while there is no input.
// It is no second thread: nothing runs but within Feed. Whoever makes a Reader
// stops it, or the coroutine is leaked.
//
// Nothing is believed that a checksum or a length refutes, and nothing may
// follow the end of the compressed data.
//
// Memory: one piece, the decoder's tables, and its window: 32 KiB for gzip and
// deflate, at most 8 MiB for zstd (RFC 9659) and 16 MiB for brotli. How long the
// inflated body may be is the caller's business; a reader of [NewBounded] also
// ends what grows out of all proportion.
package inflate
