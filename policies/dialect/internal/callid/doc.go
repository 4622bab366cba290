// Package callid gives the tool calls of a reply ids that clients accept:
// the upstream's where it gave a good one, or else new ones. Behind an id a
// carrier may ride.
package callid
