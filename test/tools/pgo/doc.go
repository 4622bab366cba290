// Command pgo merges CPU profiles of heald into the one that builds are optimized
// with:
//
//	go run ./pgo -out ../../cmd/heald/default.pgo ../../out/pgo/*.pprof
//
// `make pgo` makes the profiles and calls it. Each profile counts the same,
// however much processor time it saw. What the compiler does not need is left
// out: addresses, the binary's path, the time. So the file is small, and tells
// nothing of the machine it was made on.
package main
