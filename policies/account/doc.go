// Package account holds the credentials that attempts use and chooses among
// them.
//
// An account is one credential usable at one backend. [Pool.Choose] picks one
// for an attempt; [Pool.Cool] and [Pool.Good] are told what the attempt's
// outcome means for later requests. Backends cool down in the same book, under
// names that no account has.
//
// Accounts are tried in the order they were configured; one that is cooling
// down is passed over as long as another is not, and is used all the same when
// nothing else is left: a guess about an account must not turn a request away.
// The longer a row of failures, the longer the cooldown.
//
// The rules by which a scheduler chooses stand one to a file, with no locks, no
// goroutines and no clock of their own. In the order in which a request meets
// them: [Estimator] guesses its tokens; [Home] finds the group that has its
// prompt cached; [Health], [LargestUse], [Pace] and [Score] rank the groups; [Breaker],
// [Shed], [Capacity] and [Learned] keep it from those that would fail or refuse;
// [Queue] says who of those that wait comes next. [Breaker] and [Learned] are
// values that replicas share as documents.
//
// State is kept in this process. Slots, weights and state that replicas share
// go behind this same interface when they come.
package account
