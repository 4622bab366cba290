// Package e2e tests heald as users run it: replicas as processes, real Envoys,
// fake Geminis. See package stack for what is started.
package e2e
