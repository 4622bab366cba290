package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// The names of the variants, as the tables show them.
const (
	nameHops  = "hops"
	nameProxy = "proxy"
	nameNoop  = "no-op"
	nameHeald = "heald"
	nameLean  = "lean"
	nameBase  = "base"
)

// storedMemory is heald.yaml of the lean variant, whose Envoy may be without the
// script that carries memory from one attempt to the next.
const storedMemory = "policies: {default: {memory: store}}\n"

// The hidden commands of this binary that run the yardsticks.
const (
	noopCommand  = "noop-sidecar"
	proxyCommand = "proxy-sidecar"
)

// lineup says which variants are compared.
type lineup struct {
	heald   string // path of the binary
	base    string // of another one; "" for none
	lean    string // further options of `heald envoy`; "" for no such variant
	only    string // filter
	version string // Envoy's; "" for the newest
}

func (l *lineup) register(fs *flag.FlagSet) {
	fs.StringVar(&l.heald, "heald", "bin/heald", "measure the binary at `PATH`")
	fs.StringVar(&l.base, "compare", "", "also measure the heald binary at `PATH`, with the Envoy configuration that it renders")
	fs.StringVar(&l.lean, "lean", "", "also measure heald with the Envoy configuration of `heald envoy OPTIONS`, such as --lean, and memory: store")
	fs.StringVar(&l.only, "variants", "", "only the variants of this comma-separated `LIST`; heald is always among them")
	fs.StringVar(&l.version, "envoy", "", "use Envoy `VERSION` (default: the newest found)")
}

// check finds mistakes before anything is started.
func (l *lineup) check() error {
	for _, b := range []struct{ flag, path, fix string }{
		{"-heald", l.heald, "`make build` makes the binary"},
		{"-compare", l.base, "`make bench BASE=COMMIT` makes the binary of a commit"},
	} {
		if b.path == "" {
			continue
		}
		if _, err := os.Stat(b.path); err != nil {
			return fmt.Errorf("%s: %w; %s", b.flag, err, b.fix)
		}
	}
	_, err := l.names()
	return err
}

// names are those of the variants, in the order of the tables. Those that are
// compared stand next to each other, since cells are measured in this order.
func (l *lineup) names() ([]string, error) {
	all := []string{nameHops, nameProxy, nameNoop, nameHeald}
	if l.base != "" {
		all = append(all, nameBase)
	}
	if l.lean != "" {
		all = append(all, nameLean)
	}
	if l.only == "" {
		return all, nil
	}
	wanted := strings.Split(l.only, ",")
	for _, name := range wanted {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("-variants: nothing is called %q; there are %s (and base with -compare, lean with -lean)", name, strings.Join(all, ", "))
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return name != nameHeald && !slices.Contains(wanted, name) }), nil
}

// kinds are the variants.
func (l *lineup) kinds(u *upstream) ([]*kind, error) {
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	kinds := make([]*kind, 0, len(names))
	for _, name := range names {
		kinds = append(kinds, l.kind(name, self, u))
	}
	return kinds, nil
}

// kind is one of them. The yardsticks are this very binary, as other processes.
func (l *lineup) kind(name, self string, u *upstream) *kind {
	rendered := func(ctx context.Context, socket string) (*bootstrapv3.Bootstrap, error) {
		return render(ctx, l.heald, socket, u, nil)
	}
	switch name {
	case nameHops:
		return &kind{name: name, http2: []string{backend}, configure: func(ctx context.Context, socket string) (*bootstrapv3.Bootstrap, error) {
			config, err := rendered(ctx, socket)
			if err != nil {
				return nil, err
			}
			return config, withoutProcessor(config)
		}}
	case nameProxy:
		return &kind{name: name,
			command:   func(_, socket string) *exec.Cmd { return exec.Command(self, proxyCommand, socket, u.url) },
			configure: func(_ context.Context, socket string) (*bootstrapv3.Bootstrap, error) { return inFront(socket) },
		}
	case nameNoop:
		return &kind{name: name, http2: []string{backend, sidecarCluster}, counts: true, configure: rendered,
			command: func(_, socket string) *exec.Cmd { return exec.Command(self, noopCommand, socket) },
		}
	case nameBase:
		return healdKind(name, l.base, u, "", nil)
	case nameLean:
		return healdKind(name, l.heald, u, storedMemory, strings.Fields(l.lean))
	default:
		return healdKind(name, l.heald, u, "", nil)
	}
}

// healdKind is heald as a user would run it: what file does not set has its
// default, and Envoy the configuration that the same binary prints, with
// further options.
func healdKind(name, binary string, u *upstream, file string, options []string) *kind {
	return &kind{name: name, http2: []string{backend, sidecarCluster}, heald: true, counts: true,
		command: func(dir, socket string) *exec.Cmd {
			args := append([]string{"serve", "--grpc", "unix://" + socket, "--admin", "unix://" + adminSocket(dir, name), "--pprof"}, settings(u)...)
			if file != "" {
				args = append(args, "--config", configFile(dir, name, file))
			}
			cmd := exec.Command(binary, args...)
			cmd.Env = append(os.Environ(), keyVariable)
			return cmd
		},
		configure: func(ctx context.Context, socket string) (*bootstrapv3.Bootstrap, error) {
			all := slices.Clone(options)
			if file != "" {
				all = append(all, "--config", configFile(filepath.Dir(socket), name, file))
			}
			return render(ctx, binary, socket, u, all)
		},
	}
}

// configFile writes heald.yaml of a variant. If that fails, heald says so.
func configFile(dir, name, text string) string {
	path := filepath.Join(dir, name+".yaml")
	_ = os.WriteFile(path, []byte(text), 0o600)
	return path
}
