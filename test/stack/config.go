package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// reloadMark begins the comment by which Reload changes heald.yaml.
const reloadMark = "# reload "

// writeConfig writes heald.yaml and the secrets.
func (s *Stack) writeConfig(o Options, backends []bootstrap.Backend, resumeVia string) {
	s.t.Helper()
	dir := s.t.TempDir()
	var b strings.Builder
	fmt.Fprintf(&b, "memory_key: {env: %s}\n%s", memoryKeyVariable, o.Config)
	if o.MaxBody > 0 {
		fmt.Fprintf(&b, "max_body: %d\n", o.MaxBody)
	}
	if resumeVia != "" {
		fmt.Fprintf(&b, "resume_via: %q\n", resumeVia)
	}
	if o.HopSecret != "" {
		fmt.Fprintf(&b, "hop_secret: {file: %q}\n", secret(s.t, dir, "hop", o.HopSecret))
	}
	if len(o.ClientKeys) > 0 {
		b.WriteString("client_keys:\n")
	}
	for i, key := range o.ClientKeys {
		fmt.Fprintf(&b, "- {file: %q}\n", secret(s.t, dir, fmt.Sprintf("client-%d", i), key))
	}
	if o.MemoryLimit > 0 {
		fmt.Fprintf(&b, "memory: {limit: %d}\n", o.MemoryLimit)
	}
	b.WriteString("backends:\n")
	for _, be := range backends {
		kind := "ai_studio"
		if slices.Contains(o.Vertex, be.Name) {
			kind = "vertex, project: project-1, location: global"
		}
		if o.Cluster != nil {
			kind += fmt.Sprintf(", cluster: %q", o.Cluster(be.Name))
		}
		fmt.Fprintf(&b, "- {name: %s, kind: %s, url: %q}\n", be.Name, kind, be.URL)
	}
	b.WriteString("accounts:\n")
	for _, be := range backends {
		for i, key := range o.Keys {
			more := "" // a known one that is hardly used makes the first account the best
			switch {
			case o.Account != nil:
				more = ", " + o.Account(i)
			case i == 0 && len(o.Keys) > 1:
				more = ", limits: {rpm: 1000000}"
			}
			fmt.Fprintf(&b, "- {id: %s-%d, backend: %s, secret: {file: %q}%s}\n", be.Name, i+1, be.Name, secret(s.t, dir, fmt.Sprintf("key-%d", i), key), more)
		}
	}
	policy := o.Policy
	if policy == "" {
		policy = "{}"
	}
	if o.Models != "" {
		fmt.Fprintf(&b, "models: %s\n", o.Models)
	}
	fmt.Fprintf(&b, "policies:\n  default: %s\n", policy)
	s.Config = filepath.Join(dir, "heald.yaml")
	if err := os.WriteFile(s.Config, []byte(b.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// resumeSocket is the address of a Unix socket; the paths of a test's own
// folder may be too long for one.
func resumeSocket(t testing.TB) string {
	dir, err := os.MkdirTemp("", "heald-resume-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return "unix://" + filepath.Join(dir, "envoy.sock")
}

func secret(t testing.TB, dir, name, value string) string {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// memoryKeyVariable tells a replica its memory key, so that one file serves
// all of them.
const memoryKeyVariable = "HEALD_TEST_MEMORY_KEY"

// configOf is the path of a replica's heald.yaml.
func (s *Stack) configOf(i int) string {
	s.t.Helper()
	if s.own == nil {
		return s.Config
	}
	text, err := os.ReadFile(s.Config)
	path := filepath.Join(filepath.Dir(s.Config), fmt.Sprintf("heald-%d.yaml", i))
	if err == nil {
		err = os.WriteFile(path, append(text, s.own(i)...), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

// Reload touches heald.yaml and waits until every replica has read it again:
// what they held against accounts is forgotten. Not with Options.Own.
func (s *Stack) Reload() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	before := make([]int, len(s.Replicas))
	for i, r := range s.Replicas {
		before[i] = len(r.Log.Lines("configuration loaded"))
	}
	data, err := os.ReadFile(s.Config)
	if err == nil {
		s.reloads++ // a file that says the same is not loaded again
		lines, _, _ := strings.Cut(string(data), reloadMark)
		err = os.WriteFile(s.Config, fmt.Appendf(nil, "%s%s%d\n", lines, reloadMark, s.reloads), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for i, r := range s.Replicas {
		if _, err := r.Log.Wait(ctx, before[i]+1, "configuration loaded"); err != nil {
			s.t.Fatal(err)
		}
	}
}
