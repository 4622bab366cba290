// Package translate is the work of `heald translate`: one client request, or
// one upstream reply, is taken through the same code as in the gateway, and the
// result is written together with the reason for each change.
//
// What it writes can go into a bug report: it holds nothing that was not in
// the input, no credential, no configuration and no path of this machine.
package translate
