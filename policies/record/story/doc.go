// Package story tells what happened to a request in plain English, one sentence
// after the other: the monitor page and heald why print it. It knows nothing but
// the record of the request, so that every replica and every store tells the same.
//
// [Report] is the same for a bug report, without the names of tenants, accounts,
// backends and machines.
package story
