// Package monitor is the page on the admin listener, and what it asks for: which
// requests there were, what happened to each, live, and how accounts are.
//
// The page is embedded (web/) and asks nobody but this listener; its Content
// Security Policy allows nothing else. Below /api/ stands JSON for it, in files
// api*.go. Everything is read by GET and changes nothing, and every answer is
// bounded. Requests come from a [history.Store], the numbers of an hour and a day
// from a [history.Now], sentences from package story. Nothing of it is on the way
// of a request: the store is told from a queue.
//
// In web/, app.js begins. It shows one of the views (requests.js with detail.js,
// accounts.js, now.js, export.js), which the part of the address behind # names,
// filters included (route.js, filter.js). api.js is the only file that asks the
// server; feed.js keeps the requests that the page has, and live.js its connection
// for news. Whatever is shown is made by dom.js, which knows text and no HTML:
// names come from clients.
package monitor
