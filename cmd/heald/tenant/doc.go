// Package tenant is the work of `heald tenant`: it makes keys, and writes their
// hashes to where heald reads its tenants from, heald.yaml or a directory with a
// file for each tenant.
//
// A change is made on the YAML that is there, so that comments and order stay;
// it is checked as a start of heald would, with all other tenants, and written
// whole or not at all: to a file beside, of mode 0600, which then takes the
// place of the old one. Two that change the same files wait for each other. A
// running heald sees the change by itself.
//
// A key is returned once, to whoever asked for it. What is written, listed or
// told in errors are ids and, in the files, hashes.
//
// Known limits. Empty lines and the width of indentation may change. A tenant
// that is written as an alias or with a merge key is left to people.
package tenant
