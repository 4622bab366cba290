// Package tool reads the tools that a client declares and its tool choice, in
// the form of any API: editors and gateways that know several APIs send the
// form of one on the path of another. Google's own tools come in three ways: as
// Google writes them, in a member that is named after the tool; as a type; and
// as a function that has a name and nothing else.
package tool
