package chart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/stack"
)

// container is what is run of one.
type container struct {
	Name    string
	Command []string
	Args    []string
	Env     []struct{ Name, Value string }
}

// object is what the test reads of one.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Template struct {
			Spec struct {
				InitContainers []container `yaml:"initContainers"`
				Containers     []container
			}
		}
	}
}

// pod stands in for the kubelet.
type pod struct {
	t          *testing.T
	dir        string
	containers map[string]container
	healdYAML  string
	secrets    map[string]string
	replace    *strings.Replacer
	generation int
	// addresses, by their names in the chart.
	client, admin, metrics string
}

// newPod reads a golden of the chart. url is the provider's.
func newPod(t *testing.T, golden, url string) *pod {
	t.Helper()
	p := &pod{t: t, dir: t.TempDir(), containers: map[string]container{}, secrets: map[string]string{}}
	text, err := os.ReadFile(filepath.Join(stack.Root(), "envoy/helm/testdata", golden))
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o object
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch o.Kind {
		case "ConfigMap":
			p.healdYAML = o.Data["heald.yaml"]
		case "Secret":
			for key := range o.Data { // made at random when it is installed
				p.secrets[key] = "the-first-" + key + "-of-at-least-32-bytes"
			}
		case "Deployment":
			for _, c := range append(o.Spec.Template.Spec.InitContainers, o.Spec.Template.Spec.Containers...) {
				p.containers[c.Name] = c
			}
		}
	}
	p.client, p.admin, p.metrics = freeAddress(t), freeAddress(t), freeAddress(t)
	for _, below := range []string{"run/envoy", "run/heald"} {
		if err := os.MkdirAll(filepath.Join(p.dir, below), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.replace = strings.NewReplacer(
		"/etc/heald", filepath.Join(p.dir, "etc/heald"), "/run/secrets/heald", filepath.Join(p.dir, "run/secrets/heald"),
		"/run/envoy", filepath.Join(p.dir, "run/envoy"),
		"/run/heald", filepath.Join(p.dir, "run/heald"), "0.0.0.0:9902", p.metrics,
		"0.0.0.0:10000", p.client, "0.0.0.0:9001", p.admin, "127.0.0.1:9000", freeAddress(t),
		"kind: ai_studio", "kind: ai_studio\n  url: "+url)
	p.mountConfig(p.healdYAML)
	p.mountSecrets()
	return p
}

// freeAddress is one of loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *pod) mountConfig(healdYAML string) {
	p.t.Helper()
	p.mount("etc/heald", map[string]string{"heald.yaml": p.replace.Replace(healdYAML)})
}

func (p *pod) mountSecrets() {
	p.t.Helper()
	p.mount("run/secrets/heald", p.secrets)
}

// mount writes the files of a volume as the kubelet does: they are links into ..data,
// itself a link to the folder of the newest version, which is swapped at once.
func (p *pod) mount(at string, files map[string]string) {
	p.t.Helper()
	p.generation++
	dir := filepath.Join(p.dir, at)
	version := fmt.Sprintf("..2026_11_30_%d", p.generation)
	err := os.MkdirAll(filepath.Join(dir, version), 0o755)
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, version, name), []byte(text), 0o440))
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	err = errors.Join(err, os.Symlink(version, filepath.Join(dir, "..data_tmp")), os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	for name := range files {
		if link := filepath.Join(dir, name); old == "" {
			err = errors.Join(err, os.Symlink("..data/"+name, link))
		}
	}
	if old != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, old)))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// process is a running container.
type process struct {
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{}
	err  error // once done is closed
}

// start runs a container by its own arguments, with binary in place of its image's.
func (p *pod) start(name, binary string) *process {
	p.t.Helper()
	c, ok := p.containers[name]
	if !ok {
		p.t.Fatalf("the pod has no container %s", name)
	}
	var args []string
	for _, a := range c.Args {
		args = append(args, p.replace.Replace(a))
	}
	r := &process{cmd: exec.Command(binary, args...), done: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	r.cmd.Env = []string{"TMPDIR=" + p.t.TempDir()}
	for _, e := range c.Env {
		r.cmd.Env = append(r.cmd.Env, e.Name+"="+e.Value)
	}
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { // ends with the process, which the cleanup ends at the latest
		r.err = r.cmd.Wait()
		close(r.done)
	}()
	p.t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.done
		if p.t.Failed() {
			text := r.log.String()
			p.t.Logf("%s, the end of its log:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	return r
}

// patience is far more than anything here takes.
const patience = time.Minute

// end asks a container to end, as Kubernetes does, and waits for it.
func (r *process) end(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.wait(t)
}

// wait waits until a container has ended well.
func (r *process) wait(t *testing.T) {
	t.Helper()
	select {
	case <-r.done:
		if r.err != nil {
			t.Fatalf("%v\n%s", r.err, r.log.String())
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

// until tries until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("not until now: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lockedBuffer is written by a process while the test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
