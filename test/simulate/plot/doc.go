// Command plot draws what `make simulate` found: plot DIR reads
// DIR/simulate.json and writes DIR/simulate.png and DIR/simulate.svg.
//
// It is a module of its own so that heald does not depend on what draws.
package main
