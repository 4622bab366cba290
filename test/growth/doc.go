// Command growth measures how the time that heald takes grows with the length
// of each list of a request or reply, and prints the exponent: 1 is linear, 2
// means that ten times the entries take a hundred times as long, which one
// client could use against all others.
//
// The lists are derived, so that a new one cannot be forgotten:
//
//   - each field of each table that the decoders consult gets a long list of
//     strings, a long list of objects, and an object with many members;
//   - each repeated field and map of a native request, by the API's own field
//     table;
//   - what only means something as a whole, such as calls and their results or
//     references within a schema, is written out beside the derived ones.
//
// Replies are fed in pieces, as streams come. Time is the CPU time of the
// process, so that other processes do not count.
package main
