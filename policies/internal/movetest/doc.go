// Package movetest compares a state machine with its drawing. A machine names
// its states, and one method of it changes the state and panics where the
// drawing has no arrow; [Check] tries all pairs of states.
package movetest
