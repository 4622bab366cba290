// Package route decides where a request may go.
//
// The owner's configuration says which endpoints there are ([Backend]), which
// upstream models a client's model name means ([Models], [Chain]), and what a
// named policy sets, with what a route changes of it ([Settings]). For a request
// these become a list of candidates, each a model at a backend, in order of
// preference ([Plan]). Which of them is asked, and with which account, is decided
// by whoever knows what has failed: package exchange.
//
// What is known of models is in the [Catalog]: the built-in table, the owner's
// rows, and the lists that backends give, which whoever makes the catalog fetches.
// Through a [View] a request sees the models that it may ask for, and words them
// for its client. All else here is values that a configuration or a request has
// made.
package route
