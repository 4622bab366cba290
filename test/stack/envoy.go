package stack

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/envoy/proc"
)

func (s *Stack) startEnvoy(binary string, params bootstrap.Params, edit func(string) string) {
	s.t.Helper()
	b, err := bootstrap.Render(params)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := bootstrap.YAML(b)
	if err != nil {
		s.t.Fatal(err)
	}
	if edit != nil {
		edited := edit(string(config))
		if edited == string(config) { // the test would then be about something else
			s.t.Fatal("Options.Edit changes nothing in Envoy's configuration")
		}
		config = []byte(edited)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	log := &bytes.Buffer{}
	s.Envoy, err = proc.Start(ctx, proc.Options{Binary: binary, YAML: config, Grace: time.Second, Stderr: log})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		select {
		case <-s.Envoy.Done():
			s.t.Errorf("envoy ended by itself: %v\n%s", s.Envoy.Err(), log)
		default:
		}
		if err := s.Envoy.Stop(); err != nil {
			s.t.Errorf("stop Envoy: %v", err)
		}
		if contains(log.String(), "envoy bug") || contains(log.String(), "Caught") {
			s.t.Errorf("envoy wrote:\n%s", log)
		}
	})
	address, err := s.Envoy.Address(ctx, "outer")
	if err != nil {
		s.t.Fatal(err)
	}
	s.URL = "http://" + address
}

// EnvoyBinary finds an Envoy, or skips the test with a line that says how to
// get one; in CI it fails.
func EnvoyBinary(t testing.TB, version string) string {
	t.Helper()
	path, err := locate.Find(version)
	if err != nil {
		Missing(t, err.Error())
	}
	return path
}

// Missing skips a test for want of a tool; in CI it fails it.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
