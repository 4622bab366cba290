package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// defaultDrain is how long running streams may take to finish after SIGTERM.
const defaultDrain = 10 * time.Minute

// serveOptions are the flags of `serve`.
type serveOptions struct {
	flags    config.Flags
	profiles bool
	drain    time.Duration
	level    string
}

// serveCommand runs the sidecar alone.
func serveCommand(out streams) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve [flags]", Short: "run the sidecar alone", Long: "run the sidecar alone; Envoy runs elsewhere", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.serve(cmd.Context(), out) },
	}
	fs := cmd.Flags()
	o.flags.Register(fs)
	fs.Func("grpc", "listen for Envoy on `ADDRESS`, host:port or unix:///path; repeatable (default "+config.DefaultGRPC+")", func(s string) error {
		o.flags.Listen.GRPC = append(o.flags.Listen.GRPC, s)
		return nil
	})
	fs.StringVar(&o.flags.Listen.Admin, "admin", "", "serve metrics and health on `ADDRESS` (default "+config.DefaultAdmin+")")
	o.flags.RegisterAdmin(fs)
	fs.BoolVar(&o.profiles, "pprof", false, "serve profiles, which show what is in memory, under /debug/pprof/ there")
	fs.DurationVar(&o.drain, "drain", defaultDrain, "let running streams finish for `TIME` after SIGTERM")
	fs.StringVar(&o.level, "log-level", "", "write lines from `LEVEL` on: debug, info, warn or error (default: log.level of heald.yaml, else info)")
	return cmd
}

func (o *serveOptions) serve(ctx context.Context, out streams) error {
	log, level, err := newLogger(out.err, o.level)
	if err != nil {
		return err
	}
	cfg, err := o.flags.Load()
	if err != nil {
		return err
	}
	level.follow(cfg.Log.Level)
	side, err := newSidecar(&o.flags, cfg, log, o.profiles)
	if err != nil {
		return err
	}
	side.level = level
	if len(cfg.MemoryKey) == 0 {
		log.Warn("no memory_key is configured: this process made its own; replicas that serve the same clients must share one")
	}
	if !cfg.Asks() {
		log.Warn("NO KEY IS ASKED FOR: everybody who can connect to Envoy may call, and spends the quota of the accounts")
	}
	for _, address := range side.listen.GRPC {
		if side.listen.TLS == nil && config.Exposed(address) {
			log.Warn("Envoy is told the accounts' credentials in plain text on an address that other machines reach: whoever can listen in on that network reads them; set listen.tls",
				zap.String("address", address))
		}
	}
	listeners, adminListener, err := openAll(side.listen, log)
	if err != nil {
		return err
	}
	log.Info("serving metrics and health", zap.String("address", adminListener.Addr().String()), zap.String("version", version))
	err = side.run(ctx, listeners, adminListener, o.drain)
	log.Info("stopped", zap.Error(err))
	return err
}
