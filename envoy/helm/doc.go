// Package helm makes values for the chart in its folder heald from a heald.yaml,
// and compares them with those that somebody has. `heald render helm-values` is
// its command.
//
// The chart mounts secrets as files of one directory, which heald watches. So each
// variable and file that heald.yaml names becomes a key of a Secret that the user
// makes, and the values say how; no secret is read here. What the chart sets itself
// (addresses, certificates, the directory of tenants) moves out of heald.yaml into
// values of its own.
//
// test/tools/helm checks the chart; the values of testdata/rendered.values.yaml,
// which a test of this package writes, are one of its cases.
package helm
