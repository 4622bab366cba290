// Package story tells what happened to a request in plain English, one sentence
// after the other: the monitor page and heald why print it. It uses only the
// record of the request, so every replica and every store tells the same story.
//
// [Report] is the same for a bug report, without the names of tenants, accounts,
// backends and machines.
package story
