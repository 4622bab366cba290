// Package why answers questions about requests from the shell: `heald why` tells
// the story of one, `heald requests` lists those that a filter selects.
//
// The answers come from a [Source]: heald's log or a file of records on standard
// input, a history in a file, the shared stream of records, or a running heald.
// Sources of single records, the log and the stream, are joined in a
// [history.Memory], as in a running heald.
package why
