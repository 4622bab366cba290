// Package callid gives the tool calls of a reply ids that clients accept: the
// upstream's where it gave a good one, or else new ones. A carrier may be
// appended to an id.
package callid
