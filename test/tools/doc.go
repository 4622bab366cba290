// Package tools is the root of the module for what builds and checks heald but
// is no part of it, so that its dependencies never enter the product's go.mod:
//
//   - image builds the container image without Docker and compares it with the
//     Dockerfile;
//   - mutate makes mistakes in the code and counts those that no test notices;
//   - pgo merges profiles into the one that builds are optimized with;
//   - helm checks, renders and packages the Helm chart, and kubernetes pins an API
//     server for it; both are modules of their own;
//   - layering proves that the linter refuses imports across the layers;
//   - versions.mk pins the programs that the Makefile installs.
//
// Run its tests with -count=1: they read the checkout outside this module, and go
// test does not notice when a file there changes.
package tools
