// Package console is what `heald up` shows on a terminal: a readable line for each
// request, and warnings and errors of the log between them.
//
// A request's record becomes a [Line]: the time, the API, the model that was asked
// for and the one that answered, the outcome and the reasons of its attempts, the
// duration and the tokens, and for a request that was healed or failed the beginning
// of its id, for `heald why`. The records come through a queue, so a stopped terminal
// (Ctrl-S) delays no request. Some text comes from clients: none of their control
// characters reaches the terminal.
package console
