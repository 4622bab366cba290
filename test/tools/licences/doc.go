// Command licences checks what heald's binary is made of, by the bill of
// materials that `make supply` writes:
//
//	go run ./licences -sbom ../../out/sbom.json -notice ../../NOTICE
//
// Every module must have a licence that Apache-2.0 software may contain, and
// must be named in NOTICE with the licence it has; what NOTICE names and the
// binary does not contain is stale. -update writes the list in NOTICE anew.
package main
