// Command go answers tasks with the Go SDKs; see the package above it. It is a
// module of its own, so that heald does not depend on the SDKs.
package main
