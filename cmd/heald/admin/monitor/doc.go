// Package monitor is the page on the admin listener, and its API: which requests
// there were, what happened to each, live, and the state of accounts.
//
// The page is embedded (web/) and sends requests only to this listener; its
// Content Security Policy allows nothing else. Its JSON is below /api/, from the
// files api*.go. Everything is read by GET and changes nothing, and every answer
// is bounded. Requests come from a [history.Store], the numbers of an hour and a
// day from a [history.Now], sentences from package story. None of this delays a
// request: the store is written from a queue.
//
// In web/, app.js begins. It shows one of the views (requests.js with detail.js,
// accounts.js, now.js, export.js). The part of the address behind # says which
// one, filters included (route.js, filter.js). api.js is the only file that asks
// the server; feed.js keeps the requests that the page has, and live.js its
// connection for updates. trouble.js says what is wrong with the store. Whatever is shown is made by dom.js, which knows text
// and no HTML, since names come from clients.
package monitor
