package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// checkCommand finds what is wrong in heald.yaml and in an Envoy configuration.
func checkCommand(out streams) *cobra.Command {
	var flags config.Flags
	cmd := &cobra.Command{
		Use: "check [flags]", Short: "check heald.yaml and an Envoy configuration",
		Long: "check heald.yaml and, with --envoy, an Envoy configuration; exit status 1 if there are problems",
		Args: noArguments,
	}
	flags.Register(cmd.Flags())
	file := cmd.Flags().String("envoy", "", "check Envoy's bootstrap `FILE`, YAML or JSON")
	cmd.RunE = func(*cobra.Command, []string) error { return check(&flags, *file, out) }
	return cmd
}

func check(flags *config.Flags, file string, out streams) error {
	problems, notes := 0, 0
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
		found = cfg.Notes()
	}
	for _, p := range found {
		fmt.Fprintln(out.out, ownProblem(name, p))
		if p.Note {
			notes++
		} else {
			problems++
		}
	}
	if cfg != nil && cfg.Auth == "none" && !cfg.Asks() {
		fmt.Fprintln(out.out, "auth: none: NO KEY IS ASKED FOR, everybody who can connect to Envoy may call")
	}
	if file != "" {
		found, err := checkEnvoy(file, cfg, flags.File != "")
		if err != nil {
			problems++
			fmt.Fprintf(out.out, "problem: %s: %s\n  consequence: Envoy does not start with it\n", redact.Text(file), redact.Text(err.Error()))
		}
		for _, p := range found {
			fmt.Fprintln(out.out, p)
			if p.Note {
				notes++
			} else {
				problems++
			}
		}
	}
	return verdict(out.out, problems, notes)
}

func verdict(w io.Writer, problems, notes int) error {
	switch {
	case problems > 0:
		fmt.Fprintf(w, "%d problems, %d notes\n", problems, notes)
		return errProblems
	case notes > 0:
		fmt.Fprintf(w, "no problems, %d notes\n", notes)
	default:
		fmt.Fprintln(w, "no problems")
	}
	return nil
}

// checkEnvoy compares an Envoy configuration with what heald.yaml needs. cfg may
// be nil if heald.yaml could not be read. Without a heald.yaml it is not known
// where heald listens.
func checkEnvoy(file string, cfg *config.Config, listens bool) ([]bootstrap.Problem, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b, err := bootstrap.Parse(data)
	if err != nil {
		return nil, err
	}
	var want bootstrap.Want
	if cfg != nil {
		want = wantOf(cfg)
		if !listens {
			want.GRPC = nil
		}
	}
	return bootstrap.Check(b, want), nil
}

// wantOf is what a configuration needs from Envoy's: of several policies, the
// most demanding counts.
func wantOf(cfg *config.Config) bootstrap.Want {
	w := bootstrap.Want{MaxBody: cfg.MaxBody, MaxMessage: cfg.MaxBody + extproc.MessageSlack, Resume: resumeListener(cfg), GRPC: cfg.Listen.GRPC, OneHop: cfg.OneHop()}
	w.StoreMemory = true
	for _, s := range cfg.Settings() {
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
