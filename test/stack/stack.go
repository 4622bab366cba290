package stack

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
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
	// Cluster is what x-heald-cluster names for a backend; nil: its name.
	Cluster func(backend string) string
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
	// Edit changes the rendered YAML of it, for what no Params can say, or puts
	// another configuration in its place; the listener for clients is "outer".
	Edit func(yaml string) string
	// Host is the authority of the clients' requests; "" for Envoy's address.
	Host string
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
	host       string // of requests; "" for that of URL
	binary     string // heald's
	flags      []string
	memoryKeys []string
	own        func(i int) string
	reloads    int
}

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
	s := &Stack{t: t, Fakes: map[string]*fakegemini.Server{}, memoryKeys: o.MemoryKeys, own: o.Own, host: o.Host}
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
		// An unused key comes last, since without keys a fake accepts all.
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

func (s *Stack) startReplica(i int, address string) *Replica {
	s.t.Helper()
	key := "a memory key shared by all replicas"
	if i < len(s.memoryKeys) {
		key = s.memoryKeys[i]
	}
	return startReplica(s.t, s.binary, s.configOf(i), address, s.flags, memoryKeyVariable+"="+key)
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
