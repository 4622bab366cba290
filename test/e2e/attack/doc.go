// Package attack runs the attacks of SECURITY.md against the real program: to
// `heald up`, as a person starts it on a laptop, and to three replicas of
// `heald serve` under a memory limit behind Envoy, with a hop secret and client
// keys, as a team runs it. `make attack` prints the table.
//
// An attack holds if heald gives nothing away, stays up, and serves another
// client as before. Each row says what was seen.
package attack
