package proc

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
)

// orphanVariable makes the test binary start an Envoy and wait; see
// TestDiesWithParent.
const orphanVariable = "HEALD_TEST_ORPHAN"

func TestMain(m *testing.M) {
	if binary := os.Getenv(orphanVariable); binary != "" {
		orphan(binary)
	}
	goleak.VerifyTestMain(m)
}

// orphan starts an Envoy whose standard output is this process's, says so, and
// waits to be killed.
func orphan(binary string) {
	b, err := bootstrap.Render(bootstrap.Params{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	if err == nil {
		_, err = Start(context.Background(), Options{Binary: binary, Config: b, Stdout: os.Stdout})
	}
	if err != nil {
		_, _ = io.WriteString(os.Stdout, err.Error()+"\n")
		os.Exit(1)
	}
	_, _ = io.WriteString(os.Stdout, "started\n")
	select {}
}

// each runs a test with every supported Envoy.
func each(t *testing.T, run func(t *testing.T, binary string)) {
	for _, version := range locate.Versions {
		t.Run("envoy-"+version, func(t *testing.T) {
			binary, err := locate.Find(version)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			run(t, binary)
		})
	}
}

func render(t *testing.T, p bootstrap.Params) Options {
	t.Helper()
	if p.Listen == "" {
		p.Listen = "127.0.0.1:0"
	}
	p.Admin = "127.0.0.1:0"
	b, err := bootstrap.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Config: b}
}

func TestStart(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		var log bytes.Buffer
		o := render(t, bootstrap.Params{})
		o.Binary, o.Stderr, o.LogLevel = binary, &log, "info"
		p, err := Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		address, err := p.Address(t.Context(), "outer")
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", address); err != nil {
			t.Error(err)
		} else {
			_ = conn.Close()
		}
		if _, err := p.Address(t.Context(), "nothing"); err == nil {
			t.Error("no error for a listener that is not there")
		}
		if n, err := p.Memory(t.Context()); err != nil || n < 1<<20 {
			t.Errorf("memory: got %d, %v", n, err)
		}
		if n, err := p.ActiveRequests(t.Context()); err != nil || n != 0 {
			t.Errorf("active requests: got %d, %v", n, err)
		}
		stats, err := p.Stats(t.Context(), `^server\.(live|state)$`)
		if err != nil || stats["server.live"] != 1 || len(stats) != 2 {
			t.Errorf("stats: got %v, %v", stats, err)
		}
		dir := p.dir
		if info, err := os.Stat(filepath.Join(dir, "envoy.yaml")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("configuration: got %v, %v", info, err)
		}
		for range 2 { // the second changes nothing
			if err := p.Stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		if err := p.Err(); err != nil {
			t.Errorf("ended: %v", err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there", dir)
		}
		if !strings.Contains(log.String(), "starting main dispatch loop") {
			t.Errorf("log: got %q", log.String())
		}
	})
}

func TestStartErrors(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		inUse := render(t, bootstrap.Params{Listen: taken.Addr().String()})
		inUse.Args = []string{"--concurrency", "1"}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		tests := []struct {
			name string
			ctx  context.Context
			o    Options
			want string
		}{
			{"port in use", t.Context(), inUse, "Address already in use"},
			{"bad configuration", t.Context(), Options{YAML: []byte("static_resources: {clusters: [{name: a, type: STATIC, title: b}]}")}, "title"},
			{"bad argument", t.Context(), Options{YAML: []byte("{}"), Args: []string{"--nonsense"}}, "exited before it was ready"},
			{"no configuration", t.Context(), Options{}, "exactly one of Config and YAML"},
			{"canceled", ctx, render(t, bootstrap.Params{}), "context canceled"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				tt.o.Binary = binary
				tt.o.Dir = t.TempDir()
				_, err := Start(tt.ctx, tt.o)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got error %v, want one with %q", err, tt.want)
				}
			})
		}
	})
}

func TestStartWithoutBinary(t *testing.T) {
	for _, binary := range []string{"", filepath.Join(t.TempDir(), "nothing")} {
		if _, err := Start(t.Context(), Options{Binary: binary, YAML: []byte("{}")}); err == nil {
			t.Errorf("no error for the binary %q", binary)
		}
	}
}

func TestUnexpectedEnd(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		o := render(t, bootstrap.Params{})
		o.Binary = binary
		p, err := Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if err := p.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("got error %v, want one with \"killed\"", err)
		}
		if err := p.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// Envoy holds one end of a pipe: the other end reads on until Envoy is gone.
func TestDiesWithParent(t *testing.T) {
	if childAttributes() == nil {
		t.Skip("only Linux can do this")
	}
	each(t, func(t *testing.T, binary string) {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		parent := exec.Command(os.Args[0])
		parent.Env = append(os.Environ(), orphanVariable+"="+binary, "TMPDIR="+t.TempDir())
		parent.Stdout = write
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		_ = write.Close()
		// Generous: reached only if the test fails.
		if err := read.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, len("started\n"))
		if _, err := io.ReadFull(read, line); err != nil || string(line) != "started\n" {
			rest, _ := io.ReadAll(read)
			t.Fatalf("got %q, %v", append(line, rest...), err)
		}
		if err := parent.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = parent.Wait() // says that it was killed
		if _, err := io.ReadAll(read); err != nil {
			t.Errorf("Envoy outlived its parent: %v", err)
		}
	})
}

func TestListenerAddress(t *testing.T) {
	const body = `{"listener_statuses":[
		{"name":"a","local_address":{"socket_address":{"address":"127.0.0.1","port_value":41}}},
		{"name":"six","local_address":{"socket_address":{"address":"::1","port_value":42}}},
		{"name":"pipe","local_address":{"pipe":{"path":"/x.sock"}}},
		{"name":"inner","local_address":{"envoy_internal_address":{"server_listener_name":"inner"}}}]}`
	tests := []struct{ listener, body, want, err string }{
		{"a", body, "127.0.0.1:41", ""},
		{"six", body, "[::1]:42", ""},
		{"pipe", body, "/x.sock", ""},
		{"inner", body, "", "no address outside"},
		{"b", body, "", `no listener "b"`},
		{"a", "{", "", "envoy admin /listeners"},
	}
	for _, tt := range tests {
		got, err := listenerAddress([]byte(tt.body), tt.listener)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %q, %v, want %q, %q", tt.listener, got, err, tt.want, tt.err)
		}
	}
}

func TestParseStats(t *testing.T) {
	got := parseStats("a.b: 1\ncluster.x:y: 2\nc: \"text\"\nd: No recorded values\nno colon\n")
	if len(got) != 2 || got["a.b"] != 1 || got["cluster.x:y"] != 2 {
		t.Errorf("got %v", got)
	}
}

func TestAllocated(t *testing.T) {
	if n, err := allocated([]byte(`{"allocated":"123","x":1}`)); n != 123 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, bad := range []string{"", "{}", `{"allocated":"x"}`} {
		if _, err := allocated([]byte(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestTail(t *testing.T) {
	var l tail
	for range 5000 {
		_, _ = l.Write([]byte("0123456789\n"))
	}
	_, _ = l.Write([]byte("the end\n"))
	got := l.String()
	if len(got) > tailBytes || !strings.HasSuffix(got, "0123456789\nthe end") || !strings.HasPrefix(got, "0123456789\n") {
		t.Errorf("got %d bytes, %.20q … %q", len(got), got, got[len(got)-20:])
	}
	if cap(l.buf) > 4*tailBytes {
		t.Errorf("keeps %d bytes", cap(l.buf))
	}
}
