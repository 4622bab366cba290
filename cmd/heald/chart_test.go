package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// rendered is the heald.yaml that each golden of the Helm chart and the Kustomize
// example have, by their names.
func rendered(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob("../../envoy/helm/testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../envoy/kustomize/base/heald.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var o struct {
				Kind string
				Data map[string]string
			}
			if err := d.Decode(&o); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(file, err)
			}
			if o.Kind == "ConfigMap" && o.Data["heald.yaml"] != "" {
				out[filepath.Base(file)] = o.Data["heald.yaml"]
			}
		}
	}
	example, err := os.ReadFile("../../envoy/kustomize/example/heald.yaml")
	if err != nil || len(out) < 6 {
		t.Fatal(len(out), err)
	}
	out["the example"] = string(example)
	return out
}

// secretFile finds the files of the chart's Secrets that a heald.yaml names.
var secretFile = regexp.MustCompile(`/run/secrets/heald/([\w.-]+)`)

// What the chart renders is taken by heald, and so is Envoy's configuration for it.
func TestChartIsTaken(t *testing.T) {
	for name, text := range rendered(t) {
		dir := t.TempDir()
		for _, found := range secretFile.FindAllStringSubmatch(text, -1) {
			if err := os.WriteFile(filepath.Join(dir, found[1]), []byte("a-secret-of-the-file-"+found[1]+"-long-enough"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text = strings.NewReplacer("/run/secrets/heald", dir, "/etc/heald-tenants", dir+"/tenants").Replace(text)
		if err := os.Mkdir(filepath.Join(dir, "tenants"), 0o700); err != nil {
			t.Fatal(err)
		}
		file := write(t, "heald.yaml", text)
		if _, err := config.Load(file); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if strings.Contains(text, "/run/tls") { // certificates would have to be real
			continue
		}
		args := []string{"check", "--config", file}
		if strings.Contains(text, "127.0.0.1:9000") { // with an Envoy in the pod; others are made elsewhere
			envoy := filepath.Join(dir, "envoy.yaml")
			if code, _, errs := heald(t, "envoy", "--config", file, "--listen", "0.0.0.0:10000", "--output", envoy); code != exitOK {
				t.Errorf("%s: %s", name, errs)
			}
			args = append(args, "--envoy", envoy)
		}
		if code, out, errs := heald(t, args...); code != exitOK {
			t.Errorf("%s: %s%s", name, out, errs)
		}
	}
}

// heald render takes the port of the chart's pods where heald.yaml names none.
func TestChartPort(t *testing.T) {
	if text := rendered(t)["heald.yaml"]; !strings.Contains(text, "0.0.0.0:"+strconv.Itoa(chartPort)) {
		t.Errorf("the chart's heald does not listen on %d: %s", chartPort, text)
	}
}

// The example's Secret has empty values, with which heald does not start: nobody runs
// with a key that everybody can read here.
func TestExampleIsRefusedAsItIs(t *testing.T) {
	env, err := os.ReadFile("../../envoy/kustomize/example/secrets.env")
	if err != nil {
		t.Fatal(err)
	}
	dir, n := t.TempDir(), 0
	for line := range strings.Lines(string(env)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			n++
			if err := os.WriteFile(filepath.Join(dir, key), []byte(value), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := strings.ReplaceAll(rendered(t)["the example"], "/run/secrets/heald", dir)
	code, out, _ := heald(t, "check", "--config", write(t, "heald.yaml", text))
	if named := len(secretFile.FindAllString(rendered(t)["the example"], -1)); code != exitProblems || n != named || strings.Count(out, "is empty") != n {
		t.Errorf("%d, %d keys, %d files: %s", code, n, named, out)
	}
}
