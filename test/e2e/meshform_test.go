package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/e2e/mesh"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// meshClients is how many streams run while a replica goes.
const meshClients = 200

// meshStack is a form of heald in a mesh: two replicas that share a store, and AI
// Studio and Vertex AI behind them.
type meshStack struct {
	*stack.Stack
	form    mesh.Form
	version string   // of Envoy
	clients []string // a model for each of the many clients
}

// TestMesh plays to each form, rendered by the mesh's own tools, what must hold
// in any mesh. The older Envoy gets every second form.
func TestMesh(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		for i, f := range mesh.Forms {
			if !plays(version, i) {
				continue
			}
			t.Run(f.Name, func(t *testing.T) { playMesh(t, startMesh(t, f, version)) })
		}
	})
}

func startMesh(t *testing.T, f mesh.Form, version string) *meshStack {
	t.Helper()
	m := &meshStack{form: f, version: version}
	for i := range meshClients {
		m.clients = append(m.clients, fmt.Sprintf("gemini-client-%03d", i))
	}
	store := redistest.Start(t)
	m.Stack = stack.Start(t, f.Options(t, stack.Options{
		Envoy: version, Replicas: 2, Plain: true, Backends: []string{"a", "b"}, Vertex: []string{"b"}, Keys: []string{"key-1", "key-2"},
		// No timer is to end anything, however slow the machine is.
		Policy: "{peek: {timeout: 30s}, max_wait: 2s}", Config: fmt.Sprintf("state: {redis: {url: %q}}\n", store.URL()),
		Fake: fakegemini.Options{Models: append(slices.Clone(m.clients), bigModel), Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}},
	}))
	healthy(t, m.Stack, 2)
	return m
}

func playMesh(t *testing.T, m *meshStack) {
	for _, scenario := range []struct {
		name string
		play func(t *testing.T, m *meshStack)
	}{
		{"another backend", meshFailover},
		{"nothing leaks", meshHeaders},
		{"retries exhausted", meshExhausted},
		{"hop secret missing", meshHop},
		{"memory across replicas", meshMemory},
		{"reset while held", meshReset},
		{"bodies", meshBodies},
		{"slow readers", meshSlow},
		{"a killed replica", meshKilled},
		{"a stopped replica", meshStopped},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			m.Reload()
			for _, fake := range m.Fakes {
				fake.Reset()
			}
			scenario.play(t, m)
			m.Settle()
		})
	}
}

// What one backend cannot do the other one does, in each API: Envoy is steered
// by x-heald-cluster, and each provider sees its own host.
func meshFailover(t *testing.T, m *meshStack) {
	for _, a := range apis {
		t.Run(a.name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, stream bool) {
				for _, c := range []struct {
					name    string
					script  []fakegemini.Reply
					backend string
				}{
					{"pass", nil, "a"},
					{"503", again(5, fakegemini.Status(503)), "b"},
					{"empty 200", again(1, fakegemini.EmptyOK()), ""}, // another account, of any backend
				} {
					m.Reload()
					for _, fake := range m.Fakes {
						fake.Reset()
					}
					m.Fakes["a"].Enqueue(c.script...)
					got := m.Post(a.ask(stream))
					m.Settle()
					if sees, r := a.seen(got, stream, good); sees != a.sees[seesGood] {
						t.Errorf("%s: the client sees %q (%s)", c.name, sees, r.message)
					}
					if b := got.Header.Get("x-heald-backend"); b != c.backend && c.backend != "" {
						t.Errorf("%s: answered by %q, want %s", c.name, b, c.backend)
					}
					for i, name := range []string{"a", "b"} {
						for _, r := range m.Fakes[name].Requests() {
							if m.form.RewritesHost && r.Host != mesh.Providers[i] {
								t.Errorf("%s: provider %s was asked as %s, want %s", c.name, name, r.Host, mesh.Providers[i])
							}
						}
					}
				}
			})
		})
	}
}

// ask is a request of the API.
func (a api) ask(stream bool) (path, body string) {
	if stream {
		return a.streamPath, a.streamBody
	}
	return a.wholePath, a.wholeBody
}

// Neither the client nor the provider sees what the two hops tell each other.
func meshHeaders(t *testing.T, m *meshStack) {
	m.Fakes["a"].Enqueue(fakegemini.Status(403))
	got := m.Post(messages, streamed)
	if text, err := answerText(got, true); err != nil || text != good {
		t.Fatalf("got %q, %v", text, err)
	}
	for name := range got.Header {
		if internal(strings.ToLower(name)) {
			t.Errorf("the client can see %s", name)
		}
	}
	for _, r := range m.Fakes["a"].Requests() {
		for name := range r.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-heald") {
				t.Errorf("the provider can see %s", name)
			}
		}
	}
}

// When nothing helps, the client gets an error of its own API.
func meshExhausted(t *testing.T, m *meshStack) {
	for _, a := range apis {
		bothKinds(t, func(t *testing.T, stream bool) {
			m.Reload()
			for _, fake := range m.Fakes {
				fake.Reset()
				fake.Enqueue(again(9, fakegemini.Status(503))...)
			}
			got := m.Post(a.ask(stream))
			m.Settle()
			sees, r := a.seen(got, stream, good)
			if want := meshSees(m.form, a, seesOverload); sees != want {
				t.Errorf("%s sees %q (%s), want %q", a.name, sees, r.message, want)
			}
			if strings.Contains(r.message, "sidecar") {
				t.Errorf("%s is told that heald is not there: %s", a.name, r.message)
			}
			for name := range got.Header {
				if internal(strings.ToLower(name)) {
					t.Errorf("%s can see %s", a.name, name)
				}
			}
		})
	}
}

// meshSees is what a client of the API sees in a form. Statuses that the form
// reserves for a dead heald are replaced by the general error's.
func meshSees(f mesh.Form, a api, key string) string {
	sees := a.sees[key]
	for _, status := range f.Reserved {
		if strings.HasPrefix(sees, fmt.Sprint(status)) {
			return a.sees[seesError]
		}
	}
	return sees
}

// Whoever reaches the inner listener past the outer one is refused.
func meshHop(t *testing.T, m *meshStack) {
	if len(m.form.Loopback) == 0 {
		t.Skip("nobody outside Envoy reaches the inner listener")
	}
	address, err := m.Envoy.Address(t.Context(), m.form.Inner)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"", "another secret of 16 bytes"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+messages, strings.NewReader(streamed))
		if err != nil {
			t.Fatal(err)
		}
		if secret != "" {
			req.Header.Set("x-heald-hop", secret)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 404 && resp.StatusCode != 403 {
			t.Errorf("with the secret %q: status %d, want 403 or 404", secret, resp.StatusCode)
		}
	}
	for name, fake := range m.Fakes {
		if n := len(fake.Requests()); n != 0 {
			t.Errorf("backend %s was asked %d times", name, n)
		}
	}
}

// Whichever replica serves an attempt knows what the one before has found: that an
// account is refused, and that the request was repaired once.
func meshMemory(t *testing.T, m *meshStack) {
	corrupted := fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))
	const requests = 12
	moved := 0 // from one replica to the other
	for i := range requests {
		stream := i%2 == 0
		m.Reload()
		m.Fakes["a"].Reset()
		m.Fakes["b"].Reset()
		m.Fakes["a"].Enqueue(fakegemini.Status(403), corrupted, corrupted)
		m.Fakes["b"].Enqueue(corrupted, corrupted)
		got := m.Post(messages, turn(model, "hello", stream))
		m.Settle()
		if sees, _ := apis[0].seen(got, stream, good); sees != apis[0].sees[seesInvalid] {
			t.Errorf("the client sees %q, want %q: no second repair", sees, apis[0].sees[seesInvalid])
		}
		id := got.Header.Get("x-heald-request-id")
		if words, want := m.Reasons(id), []string{heal.ReasonForbidden, heal.ReasonSignature, heal.ReasonSignature}; !slices.Equal(words, want) {
			t.Errorf("log words %v, want %v", words, want)
		}
		attempts := servedBy(m.Stack, id)
		for i := 1; i < len(attempts); i++ {
			if attempts[i].account == attempts[0].account {
				t.Errorf("attempt %d asked account %s again, which was refused", i+1, attempts[0].account)
			}
			if attempts[i].replica != attempts[i-1].replica {
				moved++
			}
		}
	}
	// The mesh balances; not every attempt goes to the other replica.
	if moved < requests/2 {
		t.Errorf("%d attempts of %d requests went to another replica than the one before", moved, requests)
	}
	t.Logf("%d of %d second and third attempts went to another replica", moved, 2*requests)
}

// The provider resets a connection whose reply is still held.
func meshReset(t *testing.T, m *meshStack) {
	for _, reset := range []fakegemini.Reply{fakegemini.ResetBeforeHeaders(), fakegemini.ResetAfterHeaders()} {
		bothKinds(t, func(t *testing.T, stream bool) {
			m.Reload()
			m.Fakes["a"].Reset()
			m.Fakes["a"].Enqueue(reset)
			if text, err := answerText(m.Post(messages, turn(model, "hello", stream)), stream); err != nil || text != good {
				t.Errorf("got %q, %v", text, err)
			}
			m.Settle()
		})
	}
}

// expecting asks the server to go on before it sends a body.
type expecting struct{ http.RoundTripper }

func (e expecting) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("expect", "100-continue")
	return e.RoundTripper.RoundTrip(r)
}

// The attempts of one large request bring the same bytes, whatever the client
// speaks.
func meshBodies(t *testing.T, m *meshStack) {
	for _, size := range []int{3 * mib, 20 * mib} {
		text := prose(size)
		for _, p := range stack.Protocols {
			for _, expect := range []bool{false, true} {
				if size > 3*mib && (m.version != locate.Versions[0] || !m.form.Largest) {
					continue // they take long, and other forms have the same limits
				}
				name := fmt.Sprintf("%d MiB, %s", size/mib, p)
				client := stack.NewClient(t, p)
				if expect {
					name += ", Expect"
					client.Transport.(*http.Transport).ExpectContinueTimeout = 100 * time.Millisecond
					client.Transport = expecting{client.Transport}
				}
				t.Run(name, func(t *testing.T) {
					m.Reload()
					for _, fake := range m.Fakes {
						fake.Reset()
					}
					m.Fakes["a"].Enqueue(fakegemini.Status(503), fakegemini.EmptyOK())
					got := m.PostAs(patient(t), client, messages, strings.NewReader(turn(model, text, true)))
					m.Settle()
					if answer, err := answerText(got, true); err != nil || !strings.HasPrefix(answer, "You said: ") {
						t.Errorf("got %q, %v", brief(answer), err)
					}
					calls := slices.Concat(m.Fakes["a"].Requests(), m.Fakes["b"].Requests())
					if len(calls) < 2 {
						t.Fatalf("%d upstream calls, want the second one at least", len(calls))
					}
					for i, c := range calls {
						if upstream := lastText(t, c.Body); hash(upstream) != hash(text) {
							t.Errorf("attempt %d brought %s, not %s", i+1, hash(upstream), hash(text))
						}
					}
				})
			}
		}
	}
}

// Clients that read slowly get all of a long answer.
func meshSlow(t *testing.T, m *meshStack) {
	var pieces []string
	for i := range 48 {
		pieces = append(pieces, strings.Repeat(fmt.Sprintf("this is part %04d\n", i), 64*kib/18))
	}
	text := strings.Join(pieces, "")
	var wg sync.WaitGroup
	for i := range 4 {
		m.Fakes["a"].EnqueueForPath(bigModel, fakegemini.Text(pieces...))
		client, stream := lazyClient(t, stack.Protocols[i%2]), i < 2
		wg.Go(func() {
			got, err := ask(patient(t), m.Stack, client, slow, stream, nil)
			if err != nil {
				t.Errorf("reader %d: %v", i, err)
			} else if answer, err := answerText(*got, stream); err != nil || hash(answer) != hash(text) {
				t.Errorf("reader %d got %s (%v), want %s", i, hash(answer), err, hash(text))
			}
		})
	}
	wg.Wait()
}

// A replica is killed under many streams. Clients that have nothing yet notice
// nothing; those that have a part learn that it is not all, as they do without a
// mesh.
func meshKilled(t *testing.T, m *meshStack) {
	fake := m.Fakes["a"]
	gate := make(chan struct{})
	var begun, wg sync.WaitGroup
	got := make([]stack.Answer, len(m.clients))
	for i, c := range m.clients {
		held := i%2 == 0
		if held {
			fake.EnqueueForPath(c, fakegemini.Heartbeats(time.Millisecond, 1).Then(fakegemini.Gate(gate)).Then(fakegemini.Text("answer for "+c)), fakegemini.Text("again for "+c))
			m.Fakes["b"].EnqueueForPath(c, fakegemini.Text("again for "+c))
		} else {
			fake.EnqueueForPath(c, fakegemini.Text("answer ").Then(fakegemini.Gate(gate)).Then(fakegemini.Text("for "+c)))
			begun.Add(1)
		}
		first := func() {}
		if !held {
			first = begun.Done
		}
		wg.Go(func() { got[i] = m.PostWatching(messages, turn(c, "hello", true), first) })
	}
	begun.Wait()
	if err := fake.WaitRequests(patient(t), len(m.clients)); err != nil {
		t.Fatal(err)
	}
	lost := killOne(t, m.Stack, len(m.clients))
	eventually(t, "the other replica asks again for what the first one held", func() bool {
		return len(fake.Requests())+len(m.Fakes["b"].Requests()) > len(m.clients)
	})
	close(gate)
	wg.Wait()
	again, cut := 0, 0
	for i, c := range m.clients {
		text, err := answerText(got[i], true)
		switch {
		case err == nil && text == "answer for "+c:
		case err == nil && text == "again for "+c && i%2 == 0:
			again++
		case i%2 == 1 && got[i].Err != nil && got[i].Status == 200 && !strings.Contains(got[i].Body, "message_stop"):
			cut++
		default:
			t.Errorf("%s got %d %q, %v", c, got[i].Status, brief(text), errors.Join(err, got[i].Err))
		}
	}
	if again+cut != lost || again == 0 || cut == 0 {
		t.Errorf("%d answers by the other replica and %d streams cut, want together %d, and some of each", again, cut, lost)
	}
	t.Logf("of %d streams the killed replica had %d: %d held ones were answered by the other replica, %d begun ones were cut", len(m.clients), lost, again, cut)
	m.Settle()
	m.Restart(0)
	healthy(t, m.Stack, 2)
	eventually(t, "the new replica gets requests", func() bool {
		m.Post(messages, streamed)
		return m.Replicas[0].Metric("heald_streams_total") > 0
	})
}

// A replica is asked to stop under many streams, and no client notices.
func meshStopped(t *testing.T, m *meshStack) {
	ctx, stop := context.WithCancel(patient(t))
	defer stop()
	var wg sync.WaitGroup
	for i, c := range m.clients {
		client := stack.NewClient(t, stack.Protocols[i%len(stack.Protocols)])
		for _, fake := range m.Fakes {
			fake.EnqueueForPath(c, again(50, fakegemini.Text("one ", "two ", "three").Slow(time.Second))...)
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				got := m.PostAs(context.WithoutCancel(ctx), client, messages, strings.NewReader(turn(c, "hello", true)))
				if text, err := answerText(got, true); err != nil || text != "one two three" {
					t.Errorf("%s got %d %q, %v", c, got.Status, brief(text), errors.Join(err, got.Err))
					return
				}
			}
		})
	}
	active := func(i int) float64 { return m.Replicas[i].Metric("heald_streams_active") }
	eventually(t, "both replicas share the load", func() bool { return active(0) > meshClients/8 && active(1) > meshClients/8 })
	old := m.Replicas[0]
	old.Terminate()
	select {
	case <-old.Done():
	case <-patient(t).Done():
		t.Fatal("the replica does not end")
	}
	if err := old.Err(); err != nil {
		t.Errorf("the replica ended with %v, want exit code 0", err)
	}
	m.Restart(0)
	eventually(t, "the new replica has its share", func() bool { return active(0) > meshClients/8 })
	stop()
	wg.Wait()
}
