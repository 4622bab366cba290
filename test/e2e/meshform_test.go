package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
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
	logged  bool     // requests for the access logs were made
}

// TestMesh plays to each form, rendered by the mesh's own tools, what must hold
// in any mesh. The older Envoy gets every second form. Two forms are played at a
// time, since each waits more than it works.
func TestMesh(t *testing.T) {
	var wg sync.WaitGroup
	turns := make(chan struct{}, 2)
	for _, version := range locate.Versions {
		for i, f := range mesh.Forms {
			if plays(version, i) {
				wg.Go(func() {
					turns <- struct{}{}
					defer func() { <-turns }()
					t.Run("envoy-"+version+"/"+f.Name, func(t *testing.T) { playMesh(t, startMesh(t, f, version)) })
				})
			}
		}
	}
	wg.Wait()
}

func startMesh(t *testing.T, f mesh.Form, version string) *meshStack {
	t.Helper()
	m := &meshStack{form: f, version: version}
	for i := range meshClients {
		m.clients = append(m.clients, fmt.Sprintf("gemini-client-%03d", i))
	}
	m.form.Log = filepath.Join(t.TempDir(), "access.log")
	t.Cleanup(func() { m.checkLog(t) }) // when Envoy has ended, and so written all
	store := redistest.Start(t)
	m.Stack = stack.Start(t, m.form.Options(t, stack.Options{
		Envoy: version, Replicas: 2, Plain: true, Backends: []string{"a", "b"}, Vertex: []string{"b"}, Keys: []string{"key-1", "key-2"},
		// No timer is to end anything, however slow the machine is.
		Policy: "{peek: {timeout: 30s}, max_wait: 2s}", Config: fmt.Sprintf("state: {redis: {url: %q}}\n", store.URL()),
		Fake: fakegemini.Options{Models: append(slices.Clone(m.clients), bigModel), Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}},
	}))
	healthy(t, m.Stack, 2)
	return m
}

// Keys that clients of Google send in the query, which no access log has, and a
// query to another host, which is in the log of a mesh that logs queries.
const (
	queryKey = "key-in-the-query"
	elses    = "query-to-another-host"
)

// checkLog checks what the mesh and the manifests log.
func (m *meshStack) checkLog(t *testing.T) {
	if !m.logged {
		return // with -run
	}
	text, err := os.ReadFile(m.form.Log)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(queryKey)) {
		t.Errorf("an access log has the key of a client: …%s…", around(text, queryKey))
	}
	if got := bytes.Contains(text, []byte(elses)); got != m.form.LogsOthers {
		t.Errorf("requests to other hosts are in the log with their queries: %t, want %t", got, m.form.LogsOthers)
	}
	if got := bytes.Contains(text, []byte(messages)); got != m.form.LogsHeald {
		t.Errorf("requests to heald are in the log: %t, want %t", got, m.form.LogsHeald)
	}
}

// around is the line of a text that has the word.
func around(text []byte, word string) []byte {
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(word)) {
			return line
		}
	}
	return nil
}

func playMesh(t *testing.T, m *meshStack) {
	for _, scenario := range []struct {
		name string
		play func(t *testing.T, m *meshStack)
	}{
		{"another backend", meshFailover},
		{"nothing leaks", meshHeaders},
		{"access log", meshLog},
		{"retries exhausted", meshExhausted},
		{"hop secret missing", meshHop},
		{"memory across replicas", meshMemory},
		{"reset while held", meshReset},
		{"bodies", meshBodies},
		{"slow readers", meshSlow},
		{"a killed replica", meshKilled},
		{"a replica that stays away", meshAway},
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
	asked := m.Fakes["a"].Requests()
	if len(asked) == 0 {
		t.Error("the first provider was not asked")
	}
	for _, r := range asked {
		for name := range r.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-heald") {
				t.Errorf("the provider can see %s", name)
			}
		}
	}
}

// Requests whose queries the access logs have or have not; checkLog looks at them.
func meshLog(t *testing.T, m *meshStack) {
	m.logged = true
	for _, script := range [][]fakegemini.Reply{nil, {fakegemini.Status(503)}, again(9, fakegemini.Status(400))} {
		m.Reload()
		m.Fakes["a"].Reset()
		m.Fakes["a"].Enqueue(script...)
		m.Post(messages+"?key="+queryKey, streamed)
		m.Settle()
	}
	m.Post("/nothing/here?key="+queryKey, streamed)
	m.Post("/v1/messages?key="+queryKey, "{")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+"/?q="+elses, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "other.example.org"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
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

// The provider resets a connection whose reply is still held.
func meshReset(t *testing.T, m *meshStack) {
	for _, reset := range []fakegemini.Reply{fakegemini.ResetBeforeHeaders(), fakegemini.ResetAfterHeaders()} {
		bothKinds(t, func(t *testing.T, stream bool) {
			m.Reload()
			for _, fake := range m.Fakes {
				fake.Reset()
			}
			m.Fakes["a"].Enqueue(reset)
			if text, err := answerText(m.Post(messages, turn(model, "hello", stream)), stream); err != nil || text != good {
				t.Errorf("got %q, %v", text, err)
			}
			m.Settle()
			if a, b := len(m.Fakes["a"].Requests()), len(m.Fakes["b"].Requests()); a == 0 || a+b < 2 {
				t.Errorf("%d and %d requests: the reset was not met, or not tried again", a, b)
			}
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
		for i, p := range stack.Protocols {
			for j, expect := range []bool{false, true} {
				if size > 3*mib && (m.version != locate.Versions[0] || m.form.Largest != 1+(i+j)%2) {
					continue // they take long: each is played once
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
