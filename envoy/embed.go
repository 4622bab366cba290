package envoy

import _ "embed"

// Config is envoy.yaml.
//
//go:embed envoy.yaml
var Config []byte

// Resume is resume.yaml: the listener that policies with `resume: text` need
// beside Config.
//
//go:embed resume.yaml
var Resume []byte

// Proxy is proxy.yaml: the listener and the cluster that a provider behind a
// CONNECT proxy needs beside Config.
//
//go:embed proxy.yaml
var Proxy []byte

// Stats is stats.yaml: the listener that serves Envoy's metrics, and the cluster
// and the admin interface that it needs, beside Config.
//
//go:embed stats.yaml
var Stats []byte
