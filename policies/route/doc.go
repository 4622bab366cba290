// Package route decides where a request may go.
//
// The owner's configuration says which endpoints there are ([Backend]), which
// upstream models a client's model name means ([Models], [Chain]), and what a
// named policy sets, with what a route changes of it ([Settings]). For a
// request these become a list of candidates, each a model at a backend, in
// order of preference ([Plan]). Package exchange, which knows what has failed,
// decides which of them is asked, and with which account.
//
// What is known of models is in the [Catalog]: the built-in table, the owner's
// rows, and the lists of backends, which are fetched by a function of the
// catalog's creator. A [View] lists the models that a request may ask for, in
// the form of its client's API.
package route
