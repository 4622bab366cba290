package envoy

import _ "embed"

// Config is envoy.yaml.
//
//go:embed envoy.yaml
var Config []byte
