// Package sdk runs the SDKs that applications use against heald.
//
// Each SDK has a small program (go/, npm/, python/). It takes tasks as lines of
// JSON and answers each with one line: what the SDK made of the reply. The test
// scripts the fake upstream before a task, and looks afterwards at the line and
// at what reached the upstream. So every SDK meets the same scenarios.
// `make sdks` installs the SDKs.
package sdk
