package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/setting"
)

// envoyOptions are the flags of `envoy`.
type envoyOptions struct {
	flags    config.Flags
	listen   string
	admin    string
	metrics  string
	lean     bool
	buffer   bool
	otlp     string
	output   string
	heap     config.Size
	sidecars []string
}

// envoyCommand prints the Envoy configuration that fits heald's.
func envoyCommand(out streams) *cobra.Command {
	var o envoyOptions
	cmd := &cobra.Command{
		Use: "envoy [flags]", Short: "print an Envoy configuration",
		Long: "print an Envoy configuration for the backends of heald.yaml or of the flags",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return o.print(out) },
	}
	fs := cmd.Flags()
	o.flags.Register(fs)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:10000", "clients connect to `ADDRESS`")
	fs.StringVar(&o.admin, "envoy-admin", "", "Envoy's admin interface listens on `ADDRESS`, unix:///path or host:port (default: it has none)")
	fs.StringVar(&o.metrics, "envoy-metrics", "", "serve metrics for Prometheus at `ADDRESS`, host:port")
	fs.BoolVar(&o.lean, "lean", false, "save processor time: leave out most statistics, the access log of what went well, Lua filters that no policy uses (see OPERATING.md)")
	fs.BoolVar(&o.buffer, "buffer-requests", false, "send each request's body to heald in one message (BUFFERED) instead of in parts: only Envoy holds bodies that arrive, and short requests take more processor time (see OPERATING.md)")
	fs.StringVar(&o.otlp, "otlp", "", "Envoy sends the spans of a tenth of all requests to the collector at `ADDRESS`, in plain text: host:port for gRPC, http://host:port for HTTP (default: no traces)")
	fs.StringVar(&o.output, "output", "", "write to `FILE`, for its owner alone, and print nothing")
	fs.Func("heap-limit", "Envoy's heap limit is `SIZE`, such as 800MiB: at 95 % of it Envoy accepts no more requests (default: 2GiB)", func(s string) (err error) {
		o.heap, err = config.ParseSize(s)
		return err
	})
	fs.Func("sidecar", "a replica of heald listens on `ADDRESS`, host:port or unix:///path; repeatable (default: listen.grpc of heald.yaml)", func(s string) error {
		o.sidecars = append(o.sidecars, s)
		return nil
	})
	return cmd
}

func (o *envoyOptions) print(out streams) error {
	cfg, err := o.flags.Load()
	if err != nil {
		return err
	}
	x, err := cfg.Exchange()
	if err != nil {
		return err
	}
	sidecars := o.sidecars
	if len(sidecars) == 0 {
		sidecars = cfg.Listen.GRPC
	}
	if cfg.OneHop() {
		return errOneHop("what heald envoy prints")
	}
	params := envoyParams(cfg, x, o.listen, o.admin, sidecars)
	params.Lean, params.BufferRequests = o.lean, o.buffer
	params.Stats = o.metrics
	params.OTLP, params.HeapLimit = o.otlp, int(o.heap)
	b, err := bootstrap.Render(params)
	if err != nil {
		return err
	}
	text, err := bootstrap.YAML(b)
	if err != nil {
		return err
	}
	if x.Hop != "" {
		fmt.Fprintln(out.err, "note: the configuration holds hop_secret in clear: keep the file readable for Envoy's user alone (mode 0600)")
	}
	noteProxies(out.err, cfg)
	if cfg.Listen.TLS != nil && slices.ContainsFunc(sidecars, func(s string) bool { return !strings.HasPrefix(s, "unix:") }) {
		fmt.Fprintln(out.err, "note: heald expects TLS (listen.tls), and the cluster heald of this configuration speaks plain text: add envoy/heald-tls.yaml to it, with your certificates; or remove listen.tls, if heald is on Envoy's machine")
	}
	if params.Lean && !params.StoreMemory {
		fmt.Fprintln(out.err, "note: memory between attempts stays in the Lua filter heald.memory, since not every policy has memory: store; with it, --lean leaves the filter out")
	}
	if o.output != "" {
		return writeWhole(o.output, text)
	}
	_, err = out.out.Write(text)
	return err
}

// errOneHop refuses two listeners for a heald that expects one; what has them.
func errOneHop(what string) error {
	return &setting.Problem{Path: "mode", Found: "one_hop", Consequence: what + " has two listeners, which repeat attempts",
		Fix: "leave mode out; or copy envoy/onehop.yaml, for an Envoy with one listener"}
}

// writeWhole replaces a file, so that whoever reads it sees the old text or the
// new one and nothing between. It is for its owner alone: the hop secret may be
// in it.
func writeWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // the first error is the one to report
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

// envoyParams is what Envoy's configuration takes from heald's, from which x
// was made.
func envoyParams(cfg *config.Config, x exchange.Config, listen, admin string, sidecars []string) bootstrap.Params {
	p := bootstrap.Params{
		Listen: listen, Admin: admin, Sidecars: sidecars,
		MaxBody: cfg.MaxBody, Hop: x.Hop, AccessLog: true,
		Resume: resumeListener(cfg), RetryAfter: retryAfter(cfg),
	}
	for _, s := range cfg.Settings() {
		p.Attempts = max(p.Attempts, s.Attempts)
	}
	want := wantOf(cfg)
	p.StoreMemory, p.Hedge = want.StoreMemory, want.Hedge
	p.Wait, p.Silence = waits(cfg)
	logins := proxyVariables(cfg)
	for _, b := range cfg.Backends {
		p.Backends = append(p.Backends, bootstrap.Backend{Name: b.Cluster, URL: b.URL, Proxy: b.Proxy, ProxyAuth: logins[b.Cluster]})
	}
	return p
}

// resumeListener is the address of the listener through which the rest of
// broken answers is fetched, as Envoy's configuration writes it; "" for none.
func resumeListener(cfg *config.Config) string {
	return strings.TrimSuffix(strings.TrimPrefix(cfg.Resumes(), "http://"), "/")
}
