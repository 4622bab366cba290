// Package usage sums files of records into a table, for `heald usage`.
//
// Tokens and money are sums over the records of attempts, since each attempt has
// one, wherever it ended; requests are counted by their own records. Records are
// read one at a time, so that memory is bounded by the rows of the table and not
// by the files, and rows are bounded as well.
package usage
