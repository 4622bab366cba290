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
