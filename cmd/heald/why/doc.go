// Package why answers questions about requests from the shell: `heald why` tells
// the story of one, `heald requests` lists those that a filter asks for.
//
// They are asked of a [Source]: heald's log or a file of records on standard input,
// a history in a file, the shared stream of records, or a running heald. What comes
// one record after the other, the log and the stream, is joined in a
// [history.Memory], as a running heald does.
package why
