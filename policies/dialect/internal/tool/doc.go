// Package tool reads what a client declares of its own tools and how free the
// model is in calling them, in the words of any API: editors and gateways that
// know several APIs send the words of one on the path of another.
package tool
