// Package listing fetches and keeps the lists of models that backends give.
//
// A [List] is fetched when somebody asks for it, and again in the background
// once it is older than ten minutes. No request waits for a refresh: the old
// list is used until the new one is complete, and also if none comes, so that a
// backend that is down keeps its list. Only for the first list a client that
// asked for models may wait a moment ([List.Wait]).
//
// The caller fetches pages; [Parse] reads those of both of Google's APIs.
// Vertex AI's has names alone.
package listing
