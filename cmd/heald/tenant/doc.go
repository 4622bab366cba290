// Package tenant is the work of `heald tenant`: it makes keys, and writes their
// hashes to where heald reads its tenants from, heald.yaml or a directory with a
// file for each tenant.
//
// A change edits the existing YAML, so comments and order stay. It is checked
// as heald would at its start, with all other tenants, and written whole or not
// at all: to a temporary file of mode 0600, which then replaces the old one.
// Two processes that change the same files wait for each other. A running heald
// sees the change by itself.
//
// A key is returned once, to whoever asked for it. Everything that is written,
// listed or shown in errors has only ids and, in the files, hashes.
//
// Known limits. Empty lines and the width of indentation may change. A tenant
// that is written as an alias or with a merge key must be changed by hand.
package tenant
