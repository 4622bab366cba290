// Package clients runs real coding agents against heald: what they really send,
// and how they handle the replies. `make clients` installs them.
package clients
