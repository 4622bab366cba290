// Package sqlite keeps the history of requests in one file, so that it outlives a
// restart and reaches back for days.
//
// A request's life here: [File] is a [record.Sink] behind a [record.Queue], so
// nobody waits for the disk. Write joins the attempts of a request with the
// request and puts each request into one row, as JSON, numbered in the order in
// which it was told of; that number is the cursor. Attempts whose request has not
// come yet wait in a table of their own, also across a restart. The words by which
// requests are looked for (API, tenant, backend, account, model, outcome, reason)
// are kept once each, with one small row for each request that has the word; the
// file tells from them which of several words is the rarest and begins there.
//
// What is too old, or more than the file may hold, is deleted in small steps after
// a write and once a minute, the oldest first. The space is used again; pages that
// a smaller limit no longer allows are given back to the disk. Bodies, where they
// are kept, have a table of their own, are compressed, go first by age, and are
// overwritten when they go.
//
// The file is written ahead (WAL) without waiting for the disk at each write. A
// process that is killed loses what waited in its queue and nothing of what was
// written; a machine that loses power may lose the last seconds, but the file stays
// whole. Where the disk is full, records are dropped and counted until there is
// room, and what is there can be read.
//
// Several processes of one machine may read and write the same file: each write
// locks it for milliseconds, and waits a few seconds at most. Network file systems
// do not offer what that needs.
//
// Known limits: a search for free text reads every row from the newest on. Each query
// stops after history.SearchTime and says how far back it has looked, so that a file of
// many rows takes many queries, not a long one. (An index of SQLite's FTS5 with trigrams
// nearly halves the rows that are written in a second, and makes each 45 % longer.) The pages that SQLite caches are outside
// of Go's heap: a few MiB for each connection, of which there are five at most.
package sqlite
