// Package endpoint reads what a request's path asks for.
//
// A client's base URL may have a version, none or two, the name of an API, or a
// model. [Of] removes it, in one place, so that all other code sees one name
// for one thing. The dialect of the rest is found among those that are spoken
// ([Dialects]); if there is none, the endpoint says in which API's form to
// report that, and what to ask for instead.
package endpoint
