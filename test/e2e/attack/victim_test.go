package attack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// What an attacker wants. They are long, as real ones are, since short secrets
// are refused.
const (
	providerKey  = "AIzaSyD-attack-target-0123456789abcdefgh"
	providerKey2 = "AIzaSyD-second-target-0123456789abcdefgh"
	clientKey    = "a-client-key-that-nobody-guesses-4711"
	hopSecret    = "a-hop-secret-that-nobody-guesses-0815-abcdef"
)

// memoryLimit is the limit of each replica, in bytes.
const memoryLimit = 512 << 20

// patience bounds every wait for something that must happen.
const patience = 90 * time.Second

// victim is a running set-up.
type victim struct {
	name string
	url  string
	fake *fakegemini.Server
	// key opens the door; "" where none is needed.
	key string
	// sidecars are the addresses of the ext_proc ports.
	sidecars []string
	// resume is the socket of the listener for resumed answers.
	resume string
	logs   func() string
	// pids are heald's processes.
	pids func() []int
	// printed is what the user sees at the start; "" for serve.
	printed string
	admins  []string
	stack   *stack.Stack // nil for up
}

// policy keeps deadlines short; none is measured.
const policy = `{peek: {timeout: 3s}, idle_timeout: 2s, max_wait: 1s, max_stream: 20s, resume: text}`

// startUp starts `heald up` with two accounts at one backend.
func startUp(t *testing.T, binary string) *victim {
	t.Helper()
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{providerKey, providerKey2}})
	dir := t.TempDir()
	config := filepath.Join(dir, "heald.yaml")
	text := fmt.Sprintf(`backends: [{name: a, kind: ai_studio, url: %q}]
accounts:
- {id: a-1, backend: a, secret: {env: ATTACK_KEY_1}}
- {id: a-2, backend: a, secret: {env: ATTACK_KEY_2}}
memory: {limit: %d}
policies: {default: %s}
`, fake.URL(), memoryLimit, policy)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	up, err := stack.StartUp(ctx, binary, []string{"TMPDIR=" + shortDir(t), "ATTACK_KEY_1=" + providerKey, "ATTACK_KEY_2=" + providerKey2},
		"--config", config, "--drain", "2s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := up.Stop(); err != nil {
			t.Error(err)
		}
	})
	v := &victim{name: "heald up", url: up.URL, fake: fake, logs: up.Log.Text, printed: up.Output(),
		pids: func() []int { return []int{up.Process().Pid} }}
	v.sidecars, v.resume = sockets(t, up.Process().Pid)
	v.admins = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindAllString(v.printed[strings.LastIndex(v.printed, "metrics "):], -1)
	return v
}

// shortDir is a folder whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "atk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// sockets finds the Unix sockets of a `heald up` as a neighbor would: in its
// folder for temporary files.
func sockets(t *testing.T, pid int) (sidecars []string, resume string) {
	t.Helper()
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	tmp := ""
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if dir, ok := strings.CutPrefix(string(v), "TMPDIR="); ok {
			tmp = dir
		}
	}
	found, _ := filepath.Glob(filepath.Join(tmp, "heald-up-*", "*.sock"))
	for _, path := range found {
		switch filepath.Base(path) {
		case "heald.sock":
			sidecars = append(sidecars, "unix://"+path)
		case "resume.sock":
			resume = path
		}
	}
	if len(sidecars) == 0 {
		t.Fatalf("heald up has no socket below %s (%v)", tmp, found)
	}
	return sidecars, resume
}

// startServe starts three replicas behind Envoy.
func startServe(t *testing.T) *victim {
	t.Helper()
	s := stack.Start(t, stack.Options{
		Replicas: 3, Plain: true, Keys: []string{providerKey, providerKey2}, Policy: policy, Resume: true,
		HopSecret: hopSecret, ClientKeys: []string{clientKey}, MemoryLimit: memoryLimit, Drain: 2 * time.Second, NoProfiles: true,
	})
	v := &victim{name: "heald serve x3", url: s.URL, fake: s.Fake(), key: clientKey, stack: s, resume: s.ResumeSocket}
	for _, r := range s.Replicas {
		v.sidecars = append(v.sidecars, r.Address)
		v.admins = append(v.admins, "http://"+r.Admin)
	}
	v.logs = func() string {
		var all []string
		for _, r := range s.Replicas {
			all = append(all, r.Log.Text())
		}
		return strings.Join(all, "\n")
	}
	v.pids = func() (out []int) {
		for _, r := range s.Replicas {
			out = append(out, r.Pid())
		}
		return out
	}
	return v
}

// request is one request of a client, or of an attacker.
type request struct {
	method, path, body string
	header             http.Header
	host               string
	noKey              bool
	chunked            bool // without content-length
}

// answer is what came back. status is 0 if nothing did.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) String() string {
	body := a.body
	if len(body) > 160 {
		body = body[:160] + "..."
	}
	return fmt.Sprintf("%d %s", a.status, strings.TrimSpace(body))
}

// do sends a request and reads the whole answer.
func (v *victim) do(t *testing.T, r request) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	var body io.Reader = strings.NewReader(r.body)
	if r.chunked {
		body = io.MultiReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, v.url+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	if v.key != "" && !r.noKey {
		req.Header.Set("x-api-key", v.key)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.host != "" {
		req.Host = r.host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(all), err}
}

// hello is a request that a good client sends.
var hello = request{path: "/v1/messages", body: `{"model":"gemini-3.5-flash","max_tokens":1000,"messages":[{"role":"user","content":"hello"}]}`}

// served fails the test unless another client is served as if nothing were.
func (v *victim) served(t *testing.T) {
	t.Helper()
	if got := v.do(t, hello); got.status != 200 || !strings.Contains(got.body, "You said: hello") {
		t.Errorf("another client gets %v (%v)", got, got.err)
	}
}

// peak is the most memory that any of heald's processes has held, in bytes.
func (v *victim) peak(t *testing.T) (most uint64) {
	t.Helper()
	for _, pid := range v.pids() {
		most = max(most, procStatus(t, pid, "VmHWM"))
	}
	return most
}

func procStatus(t *testing.T, pid int, field string) uint64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Errorf("a replica is gone: %v", err)
		return 0
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(data)
	if m == nil {
		t.Fatalf("process %d has no %s", pid, field)
	}
	kb, _ := strconv.ParseUint(string(m[1]), 10, 64)
	return kb << 10
}

// cpu is the processor time that heald's processes have used.
func (v *victim) cpu(t *testing.T) (sum time.Duration) {
	t.Helper()
	for _, pid := range v.pids() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Errorf("a replica is gone: %v", err)
			continue
		}
		f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		sum += time.Duration(user+system) * 10 * time.Millisecond // the kernel's clock ticks
	}
	return sum
}

// address is the victim's host and port.
func (v *victim) address() string { return strings.TrimPrefix(v.url, "http://") }

// dial opens a connection to the victim's door.
func (v *victim) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", v.address(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
