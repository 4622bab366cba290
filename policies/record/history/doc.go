// Package history keeps the requests of the recent past, with their attempts, so
// that somebody can ask what happened: the monitor page and heald why, requests
// and top read from it.
//
// A store is a [record.Recorder]: it is told of attempts and requests like every
// other sink. Attempts of one request may be told by several replicas and before
// or after the request itself; the store joins them by the request's id.
package history
