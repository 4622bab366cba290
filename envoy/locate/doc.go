// Package locate finds an Envoy binary of a wanted version.
//
// People have Envoy in different ways: named on the command line, in an
// environment variable, installed by `make envoy` under .tools, or on the PATH.
// The first that applies is taken; a place that was named but holds no
// executable is an error; the search does not continue.
package locate
