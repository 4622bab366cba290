// Package endpoint reads what a request's path asks for.
//
// A client's base URL may have a version, none or two, the name of an API, or a
// model. [Of] takes it off, once, so that everybody else sees one name for one
// thing. The dialect of the rest is found among those that are spoken
// ([Dialects]); where there is none, the endpoint says in which API's words to tell
// so, and what to ask for instead.
package endpoint
