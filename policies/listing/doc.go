// Package listing knows the lists of models that backends give, and keeps one
// for each backend.
//
// A [List] is fetched when somebody asks for it, and again in the background
// once it is older than ten minutes. Nobody waits for a refresh: what was known
// before counts until the new list is whole, and also where none comes, so that
// a backend that is down loses nothing. Only for the first list a client that
// asked for models may wait a moment ([List.Wait]).
//
// How a page is fetched is unknown here; [Parse] reads those of both of
// Google's APIs. Vertex AI's has names alone.
package listing
