package main

import (
	"io"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/redact"
)

// Envoy's own lines may quote headers, with the credentials in them.
func TestEnvoyLogTellsNoKeys(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	if _, err := io.WriteString(envoyLog(zap.New(core)), "x-goog-api-key: AIzaSyA1234567890abcdefghijklmnopqrstuv "+strings.Repeat("x", 10_000)+"\n"); err != nil {
		t.Fatal(err)
	}
	line := logs.All()[0].ContextMap()["line"].(string)
	if strings.Contains(line, "AIza") || len(line) > redact.Limit {
		t.Errorf("%d bytes: %.100s", len(line), line)
	}
}
