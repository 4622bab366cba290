package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/cmd/heald/otlp"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/envoy/proc"
	"github.com/heald-proxy/heald/policies/redact"
)

// upDrain is how long `up` lets running requests finish after Ctrl-C.
const upDrain = 30 * time.Second

// upOptions are the flags of `up`.
type upOptions struct {
	flags  config.Flags
	listen string
	envoy  string
	admin  string
	log    string
	told   bool // --log-level was given
	level  string
	drain  time.Duration

	profiles     bool
	insecureOpen bool
}

// upCommand runs Envoy and the sidecar together, in the foreground.
func upCommand(out streams) *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use: "up [flags]", Short: "run Envoy and heald together in the foreground", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.told = cmd.Flags().Changed("log-level")
			return o.run(cmd.Context(), out)
		},
	}
	fs := cmd.Flags()
	o.flags.Register(fs)
	fs.StringVar(&o.listen, "listen", "127.0.0.1:10000", "clients connect to `ADDRESS`; with port 0 a free port is chosen")
	fs.StringVar(&o.envoy, "envoy", "", "Envoy's binary is at `PATH` (default: HEALD_ENVOY, beside heald, .tools/, the PATH)")
	fs.StringVar(&o.admin, "admin", "127.0.0.1:0", "serve heald's metrics and health on `ADDRESS`")
	fs.StringVar(&o.log, "log", "", "write heald's log to `FILE`, or json or text to standard error (default: text on a terminal, else json)")
	fs.StringVar(&o.level, "log-level", "", "write lines from `LEVEL` on: debug, info, warn or error (default: log.level of heald.yaml, else info)")
	fs.BoolVar(&o.profiles, "pprof", false, "serve profiles, which show what is in memory, under /debug/pprof/ of --admin")
	fs.BoolVar(&o.insecureOpen, "insecure-open", false, "accept requests from other machines without tenants and client_keys, like auth: none in heald.yaml: something else must keep strangers out")
	fs.DurationVar(&o.drain, "drain", upDrain, "let running requests finish for `TIME` after Ctrl-C")
	return cmd
}

func (o *upOptions) run(ctx context.Context, out streams) error {
	log, level, lines, done, err := o.openLog(out.err)
	if err != nil {
		return err
	}
	defer done()
	return o.up(ctx, log, level, out.out, lines...)
}

// up first checks everything that can be wrong, then starts the sidecar and
// Envoy, and stops them in the opposite order. Only what still runs after the
// drain time, the sidecar ends first, while Envoy can still tell the clients.
func (o *upOptions) up(ctx context.Context, log *zap.Logger, level *logLevel, out io.Writer, lines ...namedSink) error {
	dir, err := os.MkdirTemp("", "heald-up-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cfg, err := o.load(dir)
	if err != nil {
		return err
	}
	level.follow(cfg.Log.Level)
	side, err := newSidecar(&o.flags, cfg, log, o.profiles, lines...)
	if err != nil {
		return err
	}
	side.level = level
	binary, err := locate.Find("", o.envoy)
	if err != nil {
		return err
	}
	if err := portFree(o.listen); err != nil {
		return err
	}
	b, err := o.bootstrap(cfg, "unix://"+filepath.Join(dir, "envoy-admin.sock"))
	if err != nil {
		return err
	}
	side.fit = newFit(b, cfg)
	side.fit.tell(log, cfg)
	grpc, adminListener, err := openAll(cfg.Listen, log)
	if err != nil {
		return err
	}

	// The sidecar outlives Envoy, since running requests need it to their end.
	sideCtx, stopSide := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSide()
	sideDone := make(chan error, 1)
	go func() { sideDone <- side.run(sideCtx, grpc, adminListener, o.drain) }()

	fmt.Fprintf(out, "starting Envoy (%s) ...\n", binary)
	tellProxies(out, cfg)
	late := func() {
		log.Warn("not every request finished in time: streams end with the error event of their API", zap.Int64("drain_ms", o.drain.Milliseconds()))
		side.server.CutOff()
	}
	envoy, err := proc.Start(ctx, proc.Options{
		Binary: binary, Config: b, Grace: o.drain, Late: late, Stderr: envoyLog(log), Env: proxyEnvironment(cfg),
		// A proxy's reply is logged soon enough to help (the default is 10s).
		Args: []string{"--file-flush-interval-msec", "500", "--concurrency", strconv.Itoa(workers(runtime.GOMAXPROCS(0)))},
	})
	if err == nil {
		err = o.serve(ctx, envoy, out, adminAddress(adminListener.Addr(), cfg.Admin.TLS != nil), tellAuth(out, cfg, o.listen), sideDone)
	}
	stopSide()
	return errors.Join(err, <-sideDone)
}

// workers is how many worker threads Envoy gets for a number of cores (Go counts
// those that the process may use, a container's limit included): half of them,
// since heald works as much as Envoy for the same requests, and at least one. By
// default Envoy starts one for each core of the machine.
func workers(cores int) int { return max(1, cores/2) }

// load reads the configuration and sets what Envoy and heald agree on when they
// are started together: sockets in dir, and a secret that nobody else knows, so
// that nobody else can use heald's port or Envoy's inner listener.
func (o *upOptions) load(dir string) (*config.Config, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	o.flags.StartsEnvoy = true
	o.flags.Hop = hex.EncodeToString(secret)
	o.flags.Listen = config.Listen{GRPC: []string{"unix://" + filepath.Join(dir, "heald.sock")}, Admin: o.admin}
	// This is needed even if no policy resumes yet: after a reload one may, and
	// requests that heald sends there have the account's key.
	o.flags.ResumeVia = "unix://" + filepath.Join(dir, "resume.sock")
	switch exposed := config.Exposed(o.listen); {
	case !exposed:
		o.flags.LocalHosts = !strings.HasPrefix(o.listen, "unix://")
	case !o.insecureOpen:
		o.flags.Public = o.listen
	}
	return o.flags.Load()
}

// serve prints what to paste, waits for the end, and stops Envoy.
func (o *upOptions) serve(ctx context.Context, envoy *proc.Process, out io.Writer, admin, key string, sideDone chan error) error {
	address, err := envoy.Address(ctx, "outer")
	if err != nil {
		return errors.Join(err, envoy.Stop())
	}
	printReady(out, address, envoy.AdminAddress(), admin, key)
	select {
	case <-ctx.Done():
		fmt.Fprintf(out, "\nstopping: running requests have %s to finish ...\n", o.drain)
	case <-envoy.Done():
		err = fmt.Errorf("envoy stopped by itself: %w", envoy.Err())
	case side := <-sideDone:
		err = errors.New("the sidecar stopped by itself")
		sideDone <- side
	}
	return errors.Join(err, envoy.Stop())
}

// bootstrap renders Envoy's configuration with the code of `heald envoy`.
func (o *upOptions) bootstrap(cfg *config.Config, admin string) (*bootstrapv3.Bootstrap, error) {
	x, err := cfg.Exchange()
	if err != nil {
		return nil, err
	}
	p := envoyParams(cfg, x, o.listen, admin, cfg.Listen.GRPC)
	p.AccessLog = false
	p.OTLP, p.Sampling = collectorFor(cfg), 100 // on one machine every request should be seen
	// It has the same meaning as for other programs, for example for a company's own
	// authority.
	if p.CAFile = os.Getenv("SSL_CERT_FILE"); p.CAFile != "" {
		if _, err := os.Stat(p.CAFile); err != nil {
			return nil, fmt.Errorf("SSL_CERT_FILE: %w; it names the root certificates that Envoy trusts for providers: correct or unset it", err)
		}
	}
	return bootstrap.Render(p)
}

// collectorFor is where Envoy sends its spans: to heald's own collector if that
// takes plain text; else "".
func collectorFor(cfg *config.Config) string {
	o, err := cfg.Record.Traces(os.Getenv)
	if err != nil || o == nil || !strings.HasPrefix(o.Endpoint, "http://") || !o.Sampler.FollowsEnvoy() {
		return ""
	}
	if o.Protocol == otlp.GRPC {
		return strings.TrimPrefix(o.Endpoint, "http://")
	}
	return o.Endpoint
}

// portFree finds out early, and says clearly, whether the port is taken: Envoy
// would only say so in its log.
func portFree(address string) error {
	l, err := listen(address, zap.NewNop())
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	return l.Close()
}

// tellAuth says whether clients need a key, and returns the word for it in the
// lines that are printed to paste.
func tellAuth(out io.Writer, cfg *config.Config, listen string) (key string) {
	if cfg.Asks() {
		fmt.Fprintln(out, "clients need a key: below, HEALD_CLIENT_KEY stands for the key of a tenant or one of client_keys")
		return "$HEALD_CLIENT_KEY"
	}
	fmt.Fprintf(out, "NO KEY IS ASKED FOR: everybody who can connect to %s may call, and spends the quota of your accounts\n", listen)
	return "heald" // any will do
}

// adminAddress is the beginning of the admin listener's URLs, as curl takes them.
func adminAddress(a net.Addr, secured bool) string {
	switch {
	case a.Network() == "unix":
		return "--unix-socket " + a.String() + " http://heald"
	case secured:
		return "https://" + a.String()
	}
	return "http://" + a.String()
}

// printReady says how to use what was started. Scripts wait for the line that
// begins with "ready".
func printReady(out io.Writer, address, envoyAdmin, admin, key string) {
	host, port, _ := net.SplitHostPort(address)
	if host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	base := "http://" + net.JoinHostPort(host, port)
	fmt.Fprint(out, strings.NewReplacer("{base}", base, "{envoy}", envoyAdmin, "{admin}", admin, "{key}", key).Replace(`
ready: {base}

Claude Code:
  ANTHROPIC_BASE_URL={base} ANTHROPIC_AUTH_TOKEN={key} claude

Codex, in ~/.codex/config.toml:
  model = "gemini-3.8-flash"
  model_provider = "heald"
  model_context_window = 1048576
  [model_providers.heald]
  name = "heald"
  base_url = "{base}/v1"
  env_key = "HEALD_KEY"
  wire_api = "responses"
then
  HEALD_KEY={key} codex

gemini-cli, in ~/.gemini/settings.json:
  {"security": {"auth": {"selectedType": "gemini-api-key"}}}
then
  GOOGLE_GEMINI_BASE_URL={base} GEMINI_API_KEY={key} gemini -m gemini-3.8-flash

Qwen Code, in ~/.qwen/settings.json:
  {"security": {"auth": {"selectedType": "openai"}}}
then
  OPENAI_BASE_URL={base}/v1 OPENAI_API_KEY={key} OPENAI_MODEL=gemini-3.8-flash qwen

Others for OpenAI's API: base URL {base}/v1, for Anthropic's {base},
API key {key}, model gemini-3.8-flash. What looks wrong in each: CLIENTS.md.

curl:
  curl {base}/v1/messages -H 'content-type: application/json' -H "x-api-key: {key}" \
    -d '{"model":"gemini-3.5-flash","max_tokens":1000,"messages":[{"role":"user","content":"hello"}]}'

what happens to requests, and why: {admin}/
metrics {admin}/metrics
Envoy's: curl --unix-socket {envoy} http://envoy/stats
Ctrl-C stops.
`))
}

// envoyLog passes Envoy's warnings on as lines of heald's log.
func envoyLog(log *zap.Logger) io.Writer {
	return &lineWriter{write: func(line string) {
		if strings.HasSuffix(line, "caught ENVOY_SIGTERM") { // the SIGTERM is heald's own, when it stops
			return
		}
		log.Warn("envoy", zap.String("line", redact.Bound(redact.ForLog(line), redact.Limit)))
	}}
}

// lineWriter passes on whole lines.
type lineWriter struct {
	write   func(string)
	partial string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial += string(p)
	for {
		line, rest, ok := strings.Cut(w.partial, "\n")
		if !ok {
			return len(p), nil
		}
		w.write(line)
		w.partial = rest
	}
}
