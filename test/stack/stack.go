package stack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/envoy/proc"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// Options say what to start. The zero value is one replica, one AI Studio
// backend "a" with one account, the newest Envoy.
type Options struct {
	// Envoy is a version; "" for the newest.
	Envoy string
	// Replicas is the number of heald processes; 0 for one.
	Replicas int
	// Plain starts heald without the race detector, for tests that measure or
	// move megabytes.
	Plain bool
	// Backends are the names of the backends; each has a fake of its own.
	Backends []string
	// Vertex are those of Backends that are Vertex AI's and not AI Studio's.
	Vertex []string
	// Keys are the credentials at every backend, in order of preference, and
	// the only ones its fake takes. Empty: one key.
	Keys []string
	// WrongKeys are those of Keys that the fakes do not take after all.
	WrongKeys []string
	// Account is what heald.yaml says of the account of Keys[i] beside its id,
	// backend and secret, such as "project: p, slots: 3"; nil says nothing.
	Account func(i int) string
	// Policy is the YAML of policies.default.
	Policy string
	// Models is the YAML of models.
	Models string
	// Resume adds the listener for resumed answers, on a Unix socket.
	Resume bool
	// Config are further lines of heald.yaml.
	Config string
	// Own are lines of heald.yaml that only replica i has; nil has none.
	Own func(i int) string
	// MaxBody is max_body of heald.yaml; 0 for its default.
	MaxBody int
	// MemoryKeys are the memory keys of the replicas, in order. Those without
	// one share a key.
	MemoryKeys []string
	// HopSecret is what the outer listener adds and heald wants.
	HopSecret string
	// ClientKeys are what clients must send one of; empty: the door is open.
	ClientKeys []string
	// MemoryLimit is memory.limit of heald.yaml, in bytes; 0 for none.
	MemoryLimit int
	// Drain is --drain of heald; 0 for its default.
	Drain time.Duration
	// NoProfiles starts heald without --pprof, which Replica.Live needs.
	NoProfiles bool
	// Fake configures the fakes.
	Fake fakegemini.Options
	// Params changes Envoy's configuration before it is rendered.
	Params func(*bootstrap.Params)
	// Edit changes the rendered YAML of it, for what no Params can say.
	Edit func(yaml string) string
	// Down are backends whose fake is not there: connections are refused.
	Down []string
}

// Stack is a running set-up.
type Stack struct {
	URL      string
	Envoy    *proc.Process
	Replicas []*Replica
	Fakes    map[string]*fakegemini.Server
	Config   string // path of heald.yaml, without what Options.Own adds
	// ResumeSocket is the path of the listener for resumed answers; "" for none.
	ResumeSocket string

	t          testing.TB
	binary     string // heald's
	flags      []string
	memoryKeys []string
	own        func(i int) string
	reloads    int
}

// reloadMark begins the comment by which Reload changes heald.yaml.
const reloadMark = "# reload "

// Start starts what the options say and waits until it serves.
func Start(t testing.TB, o Options) *Stack {
	t.Helper()
	binary := EnvoyBinary(t, o.Envoy)
	if len(o.Backends) == 0 {
		o.Backends = []string{"a"}
	}
	if len(o.Keys) == 0 {
		o.Keys = []string{"key-1"}
	}
	s := &Stack{t: t, Fakes: map[string]*fakegemini.Server{}, memoryKeys: o.MemoryKeys, own: o.Own}
	if !o.NoProfiles {
		s.flags = append(s.flags, "--pprof")
	}
	if o.Drain > 0 {
		s.flags = append(s.flags, "--drain", o.Drain.String())
	}
	if o.Plain {
		s.binary = PlainBinary(t)
	} else {
		s.binary = Binary(t)
	}
	params := bootstrap.Params{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Attempts: 5}
	for _, name := range o.Backends {
		fake := o.Fake
		// One that nobody has comes last: without any key, a fake takes all.
		fake.Keys = append(slices.DeleteFunc(slices.Clone(o.Keys), func(k string) bool { return slices.Contains(o.WrongKeys, k) }), "nobody's")
		s.Fakes[name] = fakegemini.Start(t, fake)
		url := s.Fakes[name].URL()
		for _, down := range o.Down {
			if down == name {
				url = refused(t)
			}
		}
		params.Backends = append(params.Backends, bootstrap.Backend{Name: name, URL: url})
	}
	if o.Resume {
		params.Resume = resumeSocket(t)
		s.ResumeSocket = strings.TrimPrefix(params.Resume, "unix://")
	}
	params.Hop = o.HopSecret
	s.writeConfig(o, params.Backends, params.Resume)
	for i := range max(o.Replicas, 1) {
		r := s.startReplica(i, "127.0.0.1:0")
		s.Replicas = append(s.Replicas, r)
		params.Sidecars = append(params.Sidecars, r.Address)
	}
	if o.Params != nil {
		o.Params(&params)
	}
	s.startEnvoy(binary, params, o.Edit)
	t.Cleanup(func() { // runs first: all drain while Envoy stops
		for _, r := range s.Replicas {
			r.Terminate()
		}
	})
	return s
}

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

func (s *Stack) startReplica(i int, address string) *Replica {
	s.t.Helper()
	key := "a memory key shared by all replicas"
	if i < len(s.memoryKeys) {
		key = s.memoryKeys[i]
	}
	return startReplica(s.t, s.binary, s.configOf(i), address, s.flags, memoryKeyVariable+"="+key)
}

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
		config = []byte(edit(string(config)))
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

// Restart starts a replica again at the address where it was.
func (s *Stack) Restart(i int) {
	s.t.Helper()
	s.Replicas[i] = s.startReplica(i, s.Replicas[i].Address)
}

// Fake is the fake of the only backend.
func (s *Stack) Fake() *fakegemini.Server {
	for _, f := range s.Fakes {
		return f
	}
	return nil
}

// Answer is what a client got.
type Answer struct {
	Status int
	Proto  string
	Header http.Header
	Body   string
	// Err is how reading the body ended; nil if it was complete.
	Err error
}

// Post sends a body to a path and reads the whole answer.
func (s *Stack) Post(path, body string) Answer {
	s.t.Helper()
	return s.PostWatching(path, body, func() {})
}

// PostWatching is Post, and calls first when the first bytes of the body are
// there; if there are none, at its end.
func (s *Stack) PostWatching(path, body string, first func()) Answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got := s.post(ctx, http.DefaultClient, path, strings.NewReader(body), first)
	if got.Status == 0 {
		s.t.Errorf("POST %s: %v", path, got.Err)
	}
	return got
}

// Settle waits until nothing runs any more: no request at a fake, no stream at
// a replica, no request in Envoy. What stays is a leak.
func (s *Stack) Settle() {
	s.t.Helper()
	if err := s.Settled(); err != nil {
		s.t.Error(err)
	}
}

// Settled is Settle for those who report a leak themselves.
func (s *Stack) Settled() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for name, f := range s.Fakes {
		if err := f.WaitIdle(ctx); err != nil {
			return fmt.Errorf("fake %s: %d requests still run", name, f.Active())
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		open := 0.0
		for _, r := range s.Replicas {
			if !r.ended() {
				open += r.Metric("heald_streams_active")
			}
		}
		active, err := s.Envoy.ActiveRequests(ctx)
		if err == nil && open == 0 && active == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("still running: %v streams, %d requests in Envoy (%w)", open, active, errors.Join(err, ctx.Err()))
		}
	}
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

// Reasons are the log words of a request's attempts, in order.
func (s *Stack) Reasons(requestID string) []string {
	type entry struct {
		attempt float64
		reason  string
	}
	var all []entry
	for _, r := range s.Replicas {
		for _, l := range r.Log.Lines("attempt finished", "request_id", requestID) {
			n, _ := l["attempt"].(float64)
			all = append(all, entry{n, l.Get("reason")})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.attempt, b.attempt) })
	out := make([]string, len(all))
	for i, e := range all {
		out[i] = e.reason
	}
	return out
}
