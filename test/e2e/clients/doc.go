// Package clients runs real coding agents against heald: what they really
// send, and what they make of what they get. `make clients` installs them.
package clients
