package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/test/stack"
)

// heald check finds nothing wrong in an Envoy that runs, and its probe sees two
// attempts. Where something is missing on the way, the probe says how far the
// request came.
func TestCheckLive(t *testing.T) {
	for _, c := range []struct {
		name     string
		envoy    string // version; "" for the newest
		old, new string // of Envoy's configuration
		says     []string
		fails    bool
	}{
		{name: "good", says: []string{"Envoy 1.", "seen:   the outer listener answers", "the outer listener sent the request again", "the answer of attempt 2 reached the client: status 200", "no problems"}},
		{name: "good, oldest Envoy", envoy: locate.Versions[len(locate.Versions)-1], says: []string{"Envoy 1.", "the answer of attempt 2 reached the client: status 200", "no problems"}},
		{name: "no retry of the mark", old: "name: x-heald-retry\n", new: "name: x-other\n", fails: true,
			says: []string{"the mark x-heald-retry is not matched", "missed: the first answer was empty", "probe: the outer listener did not repeat what heald marked"}},
		{name: "heald elsewhere", old: "cluster_name: heald\n", new: "cluster_name: nowhere\n", fails: true,
			says: []string{`there is no cluster "nowhere"`, "missed: outer listener → inner listener → heald", "probe: the request did not reach heald"}},
		{name: "no way to the backend", old: "cluster_header: x-heald-cluster", new: "cluster: a", fails: true,
			says: []string{"no route leads to the backend that heald names", "missed: heald → backend probe"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			probed := free(t)
			options := stack.Options{
				Envoy: c.envoy, Plain: true, Backends: []string{"a", "probe"},
				Params: func(p *bootstrap.Params) { p.Backends[1].URL = "http://" + probed },
				Models: "{aliases: {heald-probe: [{model: " + model + ", backend: probe}]}}",
			}
			if c.old != "" {
				options.Edit = func(yaml string) string { return strings.ReplaceAll(yaml, c.old, c.new) }
			}
			s := stack.Start(t, options)
			said, err := os.ReadFile(s.Config)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "heald.yaml")
			if err := os.WriteFile(file, fmt.Appendf(said, "listen: {grpc: [%q]}\n", s.Replicas[0].Address), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(patient(t), stack.PlainBinary(t), "check", "--config", file,
				"--live", "http://"+s.Envoy.AdminAddress(), "--probe", s.URL, "--probe-listen", probed)
			cmd.Env = append(os.Environ(), "HEALD_TEST_MEMORY_KEY=a memory key shared by all replicas")
			out, err := cmd.CombinedOutput()
			if (err != nil) != c.fails {
				t.Errorf("ended with %v", err)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("does not say %q", want)
				}
			}
			if strings.Contains(string(out), "key-1") {
				t.Error("shows a credential")
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}

// free is an address where nobody listens yet.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // it was only needed for its port
	return l.Addr().String()
}

// The probe needs no more than what its help says: a backend with its address
// and the model heald-probe, an account, and an alias that leads to no other.
func TestProbeAsDocumented(t *testing.T) {
	envoy := stack.EnvoyBinary(t, "")
	file := filepath.Join(t.TempDir(), "heald.yaml")
	config := fmt.Sprintf("auth: none\nbackends: [{name: a, kind: ai_studio, url: 'http://127.0.0.1:9'}, {name: probe, kind: ai_studio, url: 'http://%s', models: [heald-probe]}]\n"+
		"accounts: [{backend: a, secret: {env: PROBE_TEST_KEY}}, {backend: probe, secret: {env: PROBE_TEST_KEY}}]\n"+
		"models: {aliases: {heald-probe: [{model: heald-probe, backend: probe}]}}\n", free(t))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	binary, key := stack.PlainBinary(t), "PROBE_TEST_KEY=a-credential-of-the-probe's-test"
	up, err := stack.StartUp(patient(t), binary, []string{key}, "--config", file, "--envoy", envoy)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = up.Stop() }() // the probe has ended by then
	cmd := exec.CommandContext(patient(t), binary, "check", "--config", file, "--probe", up.URL)
	cmd.Env = append(os.Environ(), key)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the answer of attempt 2 reached the client: status 200") || strings.Contains(string(out), "a-credential") {
		t.Errorf("%v\n%s\n%s", err, out, up.Log.Text())
	}
}
