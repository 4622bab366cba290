package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// renderValues runs the command alone.
func renderValues(args ...string) (out string, err error) {
	var b bytes.Buffer
	cmd := renderValuesCommand(streams{&b, &b})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err = cmd.Execute()
	return b.String(), err
}

func TestRenderValues(t *testing.T) {
	file := write(t, "heald.yaml", minimal)
	values, err := renderValues("--config", file) // no secret is read: KEY is not set
	if err != nil || !strings.Contains(values, "config:\n") || !strings.Contains(values, `"$KEY"`) || strings.Contains(values, "env:") {
		t.Fatalf("%v\n%s", err, values)
	}
	if out, err := renderValues("--config", file, "--diff", write(t, "values.yaml", values)); err != nil || !strings.HasSuffix(out, "values.yaml fits this heald.yaml\n") {
		t.Errorf("what it has printed differs: %v %s", err, out)
	}
	out, err := renderValues("--config", file, "--envoy", "--diff", write(t, "values.yaml", values+"replicas: 5\n"))
	if !errors.Is(err, errProblems) || out != "envoy.enabled: missing, should be true\n" {
		t.Errorf("%v %s", err, out)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", nil, "--config"},
		{"a file that is not there", []string{"--config", "/nowhere/heald.yaml"}, "/nowhere/heald.yaml"},
		{"a mistake", []string{"--config", write(t, "heald.yaml", minimal+"max_bodies: 1\n")}, "max_bodies"},
		{"no values", []string{"--config", file, "--diff", "/nowhere/values.yaml"}, "--diff"},
		{"an empty name", []string{"--config", file, "--diff", ""}, "--diff is empty"},
		{"an Envoy for one hop", []string{"--config", write(t, "heald.yaml", minimal+"mode: one_hop\n"), "--envoy"}, "the chart's Envoy has two listeners"},
		{"broken values", []string{"--config", file, "--diff", write(t, "values.yaml", "a: [")}, "--diff"},
	} {
		if _, err := renderValues(c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
