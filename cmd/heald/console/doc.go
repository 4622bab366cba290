// Package console is what `heald up` shows on a terminal: a readable line for each
// request, and warnings and errors of the log between them.
//
// A request's record becomes a [Line] of when, by which API, which model was asked
// for and which answered, how it ended and what befell its attempts, how long it
// took and how many tokens it used. The records come through a queue, so that a
// terminal that is stopped (Ctrl-S) holds up no request. What is printed may come
// from clients: no control character of theirs reaches the terminal.
package console
