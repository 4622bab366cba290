// Package proc runs an Envoy as a child process: for heald's own proxy mode and
// for tests.
//
// [Start] writes the configuration where only this user can read it (it may
// hold the hop secret), starts Envoy, and returns once Envoy serves. Addresses
// may have port 0; the real ones are learned from Envoy's admin interface,
// whose own address Envoy writes into a file. The child dies with its parent:
// on Linux the kernel ensures that, even when the parent is killed.
//
// One goroutine per process waits for its end; it ends with the process, and
// [Process.Stop] waits for both.
package proc
