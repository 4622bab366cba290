// Package monitor is the page on the admin listener, and what it asks for: which
// requests there were, what happened to each, live, and how accounts are.
//
// The page is embedded (web/) and asks nobody but this listener; its Content
// Security Policy allows nothing else. Below /api/ stands JSON for it, in files
// api*.go. Everything is read by GET and changes nothing, and every answer is
// bounded. Requests come from a [history.Store], the numbers of an hour and a day
// from a [history.Now], sentences from package story. Nothing of it is on the way
// of a request: the store is told from a queue.
package monitor
