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
// State is kept in this process. Slots, weights and state that replicas share
// go behind this same interface when they come.
package account
