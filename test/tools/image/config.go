package main

import (
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Where things stand in the image.
const (
	binaryPath      = "/heald"
	certificatePath = "/etc/ssl/certs/ca-certificates.crt" // first place where Go looks
)

// created is the time of the image and of every file in it. A true one would give
// the same source another digest at each build.
var created = time.Unix(0, 0).UTC()

// config says how the image is run. The final stage of the Dockerfile says the
// same; -check compares them.
func config(version string) v1.Config {
	return v1.Config{
		User:       "65532:65532", // "nobody" of most images without a shell
		Entrypoint: []string{binaryPath},
		Cmd:        []string{"serve"}, // on loopback
		Labels: map[string]string{
			"org.opencontainers.image.title":       "heald",
			"org.opencontainers.image.description": "Envoy sidecar that lets clients of several language-model APIs use Gemini, and heals failures",
			"org.opencontainers.image.source":      "https://github.com/heald-proxy/heald",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.version":     version,
		},
		// Docker's extension of the OCI format: Docker runs it, Kubernetes ignores it.
		Healthcheck: &v1.HealthConfig{
			Test:        []string{"CMD", binaryPath, "health"},
			Interval:    10 * time.Second,
			Timeout:     3 * time.Second,
			StartPeriod: 5 * time.Second,
			Retries:     3,
		},
	}
}
