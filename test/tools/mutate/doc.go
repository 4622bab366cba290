// Command mutate tells how good the tests are: it makes one small mistake at a
// time in the code (a mutant) and counts how many of them some test notices.
//
//	go run ./mutate -root ../.. -n 300
//	go run ./mutate -root ../.. -n 30 -seed 7 policies/heal policies/sse
//	go run ./mutate -root ../.. -n 30 -files 'dump*' envoy/bootstrap
//
// The mutants of a package are shuffled by the seed, and the first ones are
// tested, so that the same seed and code give the same sample. Those that do not
// compile are replaced. A mutant is killed if a test of its package, or else of a
// package named beside it in targets.go, fails or does not end. The files of the
// checkout are never changed: the go command reads a mutant through -overlay.
//
// A survivor is printed with its place and its changed line. Either a test is
// missing, or the mutant is equivalent: no input can tell it from the code. Then
// it belongs into equivalent.txt, with the reason.
//
// Limits: tests that need a real Envoy run of ./envoy only, and none of
// test/e2e; texts are changed only where code compares with them; regular
// expressions are not changed.
package main
