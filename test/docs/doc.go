// Package docs holds the pages beside README against the code: the log words and
// metrics that they name are written, their links lead somewhere, and so do those
// of code and alerts into them, and the versions in FAQ are those of the tests.
package docs
