package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/test/authority"
)

const minimal = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\n"

// rewriting returns a sidecar of a file, and what reloads another text of it
// and returns what was logged about it.
func rewriting(t *testing.T, text string) (*sidecar, func(text string) string) {
	t.Helper()
	t.Setenv("KEY", "k")
	file := filepath.Join(t.TempDir(), "heald.yaml")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(text)
	s, logs := loadedSidecar(t, file)
	logs.TakeAll()
	return s, func(text string) string {
		t.Helper()
		put(text)
		s.reload()
		var b strings.Builder
		for _, line := range logs.TakeAll() {
			b.WriteString(line.Message + "\n")
			if err, ok := line.ContextMap()["error"].(string); ok {
				b.WriteString(err + "\n")
			}
		}
		return b.String()
	}
}

// asks returns the status of a refusal of a body of so many bytes, or 0.
func (s *sidecar) asks(length string) int {
	a := s.policy.Begin(context.Background(), &policies.Request{Method: "POST", Path: "/v1/messages", Headers: policies.Headers{{Name: "content-length", Value: length}}})
	if r := a.RequestHeaders(); r != nil {
		return r.Status
	}
	return 0
}

// metric reads a gauge or a counter; label is the value of its only one.
func (s *sidecar) metric(name string, label ...string) float64 {
	families, _ := s.registry.Gather()
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (len(label) == 0 || m.GetLabel()[0].GetValue() == label[0]) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// What can change does, everywhere; what cannot is said.
func TestReloadIsWhole(t *testing.T) {
	s, reload := rewriting(t, minimal+"max_body: 1000\n")
	if s.asks("1000") != 0 || s.asks("1001") != 413 {
		t.Error("max_body of the start does not count")
	}
	if said := reload(minimal + "max_body: 500\n"); strings.Contains(said, "restart") || s.asks("501") != 413 {
		t.Errorf("max_body, less: %s", said)
	}
	if said := reload(minimal + "max_body: 1000\n"); strings.Contains(said, "restart") || s.asks("1000") != 0 {
		t.Errorf("max_body, as before: %s", said)
	}
	// gRPC's limit stays: a longer body would break the stream without a word.
	if said := reload(minimal + "max_body: 2000\n"); !strings.Contains(said, "max_body has grown") || s.asks("1001") != 413 {
		t.Errorf("max_body, more: %s", said)
	}
	said := reload(minimal + "max_body: 10\nlisten: {grpc: ['127.0.0.1:9009']}\n")
	if !strings.Contains(said, "listen has changed: restart heald") || s.asks("11") != 413 {
		t.Errorf("listen: %s", said)
	}
}

// A reload must not open what runs, whatever the new file would listen on.
func TestReloadDoesNotOpen(t *testing.T) {
	t.Setenv("HOP", "hop-secret-hop-secret")
	s, reload := rewriting(t, minimal+"listen: {grpc: ['0.0.0.0:9000']}\nhop_secret: {env: HOP}\n")
	for _, text := range []string{
		minimal + "listen: {grpc: ['0.0.0.0:9000']}\n",
		minimal + "listen: {grpc: ['127.0.0.1:9000']}\n",
	} {
		if said := reload(text); !strings.Contains(said, "not reloaded") || !strings.Contains(said, "0.0.0.0:9000 can be reached") || s.asks("1") != 403 {
			t.Errorf("%s: %s", text, said)
		}
	}
	s.flags.Public = "0.0.0.0:10000"
	if said := reload(minimal + "hop_secret: {env: HOP}\n"); !strings.Contains(said, "client_keys") {
		t.Errorf("no client keys: %s", said)
	}
}

// Metrics and /readyz tell whether the files are what runs.
func TestReloadIsTold(t *testing.T) {
	s, reload := rewriting(t, minimal)
	check := func(what, success, loaded, refused, ready string) {
		t.Helper()
		got := fmt.Sprint(s.metric("heald_configuration_last_reload_successful"), s.metric("heald_config_reloads_total", "loaded"), s.metric("heald_config_reloads_total", "refused"))
		if want := success + " " + loaded + " " + refused; got != want {
			t.Errorf("%s: success, loaded, refused are %s, want %s", what, got, want)
		}
		text, err := s.ready()
		if err != nil || !strings.Contains(text, ready) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: ready says %q, %v", what, text, err)
		}
	}
	check("start", "1", "0", "0", "configuration: of 20")
	at := s.loaded
	reload(minimal + "max_body: hunter2\n")
	check("refused", "0", "0", "1", "running the one of "+at.UTC().Format("2006-01-02T15:04:05Z")+"; the newer files were refused")
	reload(minimal + "max_body: hunter2\n")
	check("heard again", "0", "0", "1", "refused")
	reload(minimal + "policies: {default: {attempts: 99}}\n")
	check("refused for another reason", "0", "0", "2", "refused")
	reload(minimal)
	check("changed back", "1", "0", "2", "configuration: of 20")
	if s.loaded != at {
		t.Error("what runs was loaded again")
	}
	reload(minimal + "max_body: 77\n")
	check("taken", "1", "1", "2", "configuration: of 20")
	if got, want := s.metric("heald_configuration_loaded_timestamp_seconds"), float64(s.loaded.UnixMilli())/1e3; got != want {
		t.Errorf("loaded at %v, want %v", got, want)
	}
}

// New certificates count without a reload of the rest, which would forget what
// cools down; broken ones change nothing.
func TestReloadCertificates(t *testing.T) {
	ca := authority.New(t)
	cert, key := ca.Issue("heald")
	text := minimal + "listen: {tls: {cert: " + cert + ", key: " + key + ", client_ca: " + ca.File + "}}\n"
	s, reload := rewriting(t, text)
	policy, first := s.policy.current.Load(), s.tls.Load()
	ca.Issue("heald") // over the old files
	if said := reload(text); !strings.Contains(said, "certificates loaded") || s.tls.Load() == first {
		t.Errorf("not taken: %s", said)
	}
	second := s.tls.Load()
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := reload(text); !strings.Contains(said, "listen.tls.key") || s.tls.Load() != second {
		t.Errorf("broken: %s", said)
	}
	if s.policy.current.Load() != policy {
		t.Error("the policy was made anew")
	}
	// Turned off in the file, it stays until a restart.
	ca.Issue("heald")
	if said := reload(minimal); !strings.Contains(said, "listen has changed") || s.tls.Load() == nil {
		t.Errorf("without tls: %s", said)
	}
}

// A pipe in a file's place, or a file system that does not answer, stops
// neither later reloads nor the end of the process.
func TestReloadDoesNotWaitForEver(t *testing.T) {
	secret := write(t, "key", "first")
	text := "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {file: " + secret + "}}]\n"
	s, reload := rewriting(t, text)
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() { said <- reload(text) }()
	select {
	case text := <-said:
		if !strings.Contains(text, "is no regular file") || s.metric("heald_configuration_last_reload_successful") != 0 {
			t.Error(text)
		}
	case <-time.After(30 * time.Second): // it takes no time at all
		t.Fatal("the reload waits for who writes to the pipe")
	}

	s.reloading.Lock() // as a reload that hangs
	defer s.reloading.Unlock()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	done := make(chan error, 1)
	go func() { done <- s.watch(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the end waits for the reload")
	}
}

// Starts and reloads warn of a port that every process of the machine reaches.
func TestOpenPortIsWarnedOf(t *testing.T) {
	t.Setenv("KEY", "a credential of the tests")
	t.Setenv("HOP", "hop-secret-hop-secret")
	_, logs := loadedSidecar(t, write(t, "heald.yaml", minimal+"auth: none\n"))
	if n := logs.FilterMessage("a setting may not do what is meant").FilterFieldKey("consequence").Len(); n != 1 {
		t.Errorf("start: %d warnings", n)
	}
	s, reload := rewriting(t, minimal+"auth: none\n"+"hop_secret: {env: HOP}\n")
	t.Setenv("KEY", "a credential of the tests") // rewriting sets a short one, of which is told as well
	if said := reload(minimal + "auth: none\n" + "hop_secret: {env: HOP}\nmax_body: 10\n"); s.asks("1") != 403 || strings.Contains(said, "may not do") {
		t.Errorf("with a secret: %s", said)
	}
	if said := reload(minimal + "auth: none\n"); !strings.Contains(said, "may not do") {
		t.Errorf("the secret was taken away: %s", said)
	}
}

// Tenants of files of their own come and go without a new policy, which would
// forget what cools down.
func TestTenantsAreReloadedAlone(t *testing.T) {
	dir := t.TempDir()
	code, key, errs := heald(t, "tenant", "add", "a", "--dir", dir)
	if code != exitOK {
		t.Fatal(errs)
	}
	s, reload := rewriting(t, minimal+"tenants_dir: "+dir+"\n")
	same := func() string { return reload(minimal + "tenants_dir: " + dir + "\n") }
	status := func(key string) int {
		a := s.policy.Begin(context.Background(), &policies.Request{Method: "POST", Path: "/v1/messages", Headers: policies.Headers{{Name: policies.HeaderAttemptCount, Value: "1"}, {Name: "x-api-key", Value: strings.TrimSpace(key)}}})
		if r := a.RequestHeaders(); r != nil {
			return r.Status
		}
		return 0
	}
	before := s.policy.current.Load()
	if status(key) != 0 || status("") != 401 {
		t.Fatalf("with the key %d, without %d", status(key), status(""))
	}
	if said := same(); said != "" {
		t.Errorf("nothing has changed: %s", said)
	}
	_, other, _ := heald(t, "tenant", "add", "b", "--dir", dir)
	_, _, _ = heald(t, "tenant", "disable", "a", "--dir", dir)
	if said := same(); !strings.Contains(said, "tenants loaded") || status(key) != 403 || status(other) != 0 {
		t.Errorf("a is disabled, b is new: %d and %d, %s", status(key), status(other), said)
	}
	if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte("weight: many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := same(); !strings.Contains(said, "c.yaml: weight") || status(other) != 0 {
		t.Errorf("a fault in one file: %d, %s", status(other), said)
	}
	if err := os.Remove(filepath.Join(dir, "c.yaml")); err != nil {
		t.Fatal(err)
	}
	_, _, _ = heald(t, "tenant", "enable", "a", "--dir", dir)
	if said := same(); status(key) != 0 {
		t.Errorf("a is enabled again: %d, %s", status(key), said)
	}
	if s.policy.current.Load() != before {
		t.Error("there is a new policy")
	}
}
