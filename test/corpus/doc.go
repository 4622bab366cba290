// Command corpus runs recorded traffic of real clients and of Gemini through
// heald's translation and reports wrong results:
//
//	HEALD_CORPUS=DIR go run ./test/corpus
//
// The traffic is no part of this project. A folder of it holds *.jsonl.gz
// files, one row a line (row.go); without one the command says so and ends.
//
// Requests: every row that its own API accepted is translated for three
// upstreams (target.go). It must become a request that the strict fake Gemini
// accepts, with every text, call, result, file, tool and limit preserved
// (compare.go), or be refused for something that it asks for and that cannot
// be had (said.mayRefuse). What its own API refused must be refused as the
// client's fault or translated, never more.
//
// Replies: every row of Gemini is played to a client of each API, as a stream
// and as a document, in one piece and in many (replies.go). What the client
// reads must obey its API's grammar and say what Gemini said, and the document
// what the stream says.
//
// Scenarios: what the same test sent to Gemini itself is compared in structure
// (scenarios.go). Differences are told, they are no exceptions: the recordings
// differ too.
//
// The readers here share nothing with the code under test; they decode into
// small structs the plain way. An API is one line in api.go.
//
// Everything that is not as described is an exception, is listed, and makes
// the exit status 1. There is no list of rows that may fail.
package main
