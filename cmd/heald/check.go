package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// checked says what heald check looks at beside heald.yaml.
type checked struct {
	file string // of an Envoy, or a dump of one that runs
	live string // the admin interface of one that runs
	probe
}

// checkCommand finds what is wrong in heald.yaml and in an Envoy configuration.
func checkCommand(out streams) *cobra.Command {
	var (
		flags config.Flags
		what  checked
	)
	cmd := &cobra.Command{
		Use: "check [flags]", Short: "check heald.yaml and an Envoy configuration",
		Long: "check heald.yaml and, with --envoy or --live, an Envoy configuration; exit status 1 if there are problems. " +
			"--probe sends one request through a running Envoy: heald.yaml needs a backend, named by --probe-backend, whose url is a free http://host:port of this machine, " +
			"with models: [heald-probe] and any account; an alias heald-probe: [{model: heald-probe, backend: NAME}]; and Envoy a route to it. heald check answers there, empty the first time, and says how far the request came. " +
			"If heald asks clients for a key, it is taken from HEALD_PROBE_KEY",
		Args: noArguments,
	}
	flags.Register(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&what.file, "envoy", "", "check `FILE`: Envoy's bootstrap, YAML or JSON, or what /config_dump, istioctl proxy-config all -o json or egctl config envoy-proxy all prints")
	f.StringVar(&what.live, "live", "", "check the Envoy whose admin interface is at `URL`: http://host:port or unix:///path")
	f.StringVar(&what.to, "probe", "", "send a request through the outer listener at `URL`, and see whether heald has it repeated")
	f.StringVar(&what.backend, "probe-backend", "probe", "`NAME` of the backend that leads to the probe")
	f.StringVar(&what.listen, "probe-listen", "", "`ADDRESS` where the probe answers; default: that of the backend's url")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := notEmpty(cmd, "envoy", "live", "probe"); err != nil {
			return err
		}
		return check(cmd.Context(), &flags, &what, out)
	}
	return cmd
}

func check(ctx context.Context, flags *config.Flags, what *checked, out streams) error {
	problems, notes := 0, 0
	tell := func(all []bootstrap.Problem) {
		for _, p := range all {
			fmt.Fprintln(out.out, p)
			if p.Note {
				notes++
			} else {
				problems++
			}
		}
	}
	cfg, err := flags.Load()
	if err == nil {
		err = cfg.Validate()
	}
	name := flags.File
	if name == "" {
		name = "without heald.yaml"
	}
	found := setting.Problems(err)
	if err == nil {
		found = append(cfg.Notes(), cfg.Record.NoteDamage(ctx)...)
	}
	for _, p := range found {
		tell([]bootstrap.Problem{ownProblem(name, p)})
	}
	if cfg != nil && cfg.Auth == "none" && !cfg.Asks() {
		fmt.Fprintln(out.out, "auth: none: NO KEY IS ASKED FOR, everybody who can connect to Envoy may call")
	}
	if what.file != "" {
		tell(checkEnvoy(what.file, wantFrom(cfg, flags.File != "")))
	}
	if what.live != "" {
		found, err := checkLive(ctx, what.live, wantFrom(cfg, flags.File != ""), out.out)
		if err != nil {
			return err
		}
		tell(found)
	}
	if what.to != "" {
		what.key = clientKey()
		found, err := what.run(ctx, cfg, out.out)
		if err != nil {
			return err
		}
		tell(found)
	}
	return verdict(out.out, problems, notes)
}

// verdict ends what is said: "no problems", "1 problem", "2 problems, 1 note".
func verdict(w io.Writer, problems, notes int) error {
	text := "no problems"
	if problems > 0 {
		text = counted(problems, "problem")
	}
	if notes > 0 {
		text += ", " + counted(notes, "note")
	}
	fmt.Fprintln(w, text)
	if problems > 0 {
		return errProblems
	}
	return nil
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// checkEnvoy compares an Envoy configuration with what heald.yaml needs.
func checkEnvoy(file string, want bootstrap.Want) []bootstrap.Problem {
	const unchecked = "nothing of the Envoy was checked"
	bad := func(err error, consequence, fix string) []bootstrap.Problem {
		return []bootstrap.Problem{{Path: redact.Text(file), Problem: redact.Text(err.Error()), Consequence: consequence, Fix: fix}}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return bad(err, unchecked, "name a file that heald may read")
	}
	dumps, err := bootstrap.ParseDump(data)
	if err != nil {
		return bad(err, unchecked, "the whole reply of /config_dump?include_eds, or heald check --live")
	}
	if len(dumps) > 0 {
		return withoutSecrets(bootstrap.CheckDumps(dumps, want))
	}
	b, err := bootstrap.Parse(data)
	if err != nil {
		return bad(err, "Envoy does not start with it", "correct the file; `envoy --mode validate -c FILE` shows whether Envoy takes it")
	}
	return bootstrap.Check(b, want)
}

// withoutSecrets takes credentials out of problems, which may quote what Envoy
// said of a configuration.
func withoutSecrets(all []bootstrap.Problem) []bootstrap.Problem {
	for i := range all {
		all[i].Problem = redact.Text(all[i].Problem)
	}
	return all
}

// wantFrom is what cfg needs; cfg may be nil if heald.yaml could not be read.
// Without a heald.yaml it is not known where heald listens.
func wantFrom(cfg *config.Config, listens bool) bootstrap.Want {
	if cfg == nil {
		return bootstrap.Want{}
	}
	want := wantOf(cfg)
	if !listens {
		want.GRPC = nil
	}
	return want
}

// wantOf is what a configuration needs from Envoy's: of several policies, the
// most demanding counts.
func wantOf(cfg *config.Config) bootstrap.Want {
	w := bootstrap.Want{MaxBody: cfg.MaxBody, MaxMessage: cfg.MaxBody + extproc.MessageSlack, Resume: resumeListener(cfg), GRPC: cfg.Listen.GRPC, TLS: cfg.Listen.TLS != nil, OneHop: cfg.OneHop()}
	w.StoreMemory = true
	first := true
	for _, s := range cfg.Settings() {
		if first {
			w.Reserved, first = slices.Clone(s.ReservedStatus), false
		}
		w.Reserved = slices.DeleteFunc(w.Reserved, func(status int) bool { return !slices.Contains(s.ReservedStatus, status) })
		w.StoreMemory = w.StoreMemory && s.StoresMemory()
		w.Attempts = max(w.Attempts, s.Attempts)
		w.RouteAuthority = w.RouteAuthority || s.Authority == "route"
		w.Hedge = w.Hedge || s.Hedges()
	}
	if o, err := cfg.Record.Traces(os.Getenv); err == nil && o != nil {
		w.Traces = o.Sampler.FollowsEnvoy()
	}
	w.Wait, w.Silence = waits(cfg)
	w.RetryAfter = retryAfter(cfg)
	w.OwnWait = w.RetryAfter == 0
	if x, err := cfg.Exchange(); err == nil {
		w.Hop, w.ClientKeys = x.Hop, cfg.Asks()
	}
	w.Backends = clusters(cfg.Backends) // Exchange has added the one that GEMINI_API_KEY means
	w.Proxies = map[string]string{}
	for _, b := range cfg.Backends {
		if u, err := url.Parse(b.Proxy); err == nil && b.Proxy != "" {
			w.Proxies[b.WithDefaults().Cluster] = u.Host
		}
	}
	return w
}

// waits are the longest time that heald may wait within one attempt, and the
// longest time without a message on a healthy stream.
func waits(cfg *config.Config) (wait, silence time.Duration) {
	for _, s := range cfg.Settings() {
		wait = max(wait, s.MaxWait, s.QueueWait)
		silence = max(silence, s.Peek.Timeout, s.IdleTimeout, wait)
	}
	return wait, silence
}

// retryAfter is the longest that heald asks Envoy to wait between two attempts;
// 0 if heald waits itself whatever the policy.
func retryAfter(cfg *config.Config) (longest time.Duration) {
	for _, s := range cfg.Settings() {
		if s.Wait == "envoy" {
			longest = max(longest, s.MaxWait)
		}
	}
	return longest
}

func clusters(backends []config.Backend) []string {
	var out []string
	for _, b := range backends {
		out = append(out, b.WithDefaults().Cluster)
	}
	return out
}

// ownProblem is a problem in heald.yaml in the form of a problem in Envoy's
// configuration.
func ownProblem(file string, p *setting.Problem) bootstrap.Problem {
	path := redact.Text(file)
	if p.Path != "" && p.Path != file {
		path += ": " + p.Path
	}
	return bootstrap.Problem{Note: p.Note, Path: path, Problem: redact.Text(p.Found),
		Consequence: cmp.Or(p.Consequence, setting.NotTaken), Fix: cmp.Or(p.Fix, "see CONFIGURATION.md")}
}
