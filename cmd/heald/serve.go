package main

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// defaultDrain is how long running streams may take to finish after SIGTERM.
const defaultDrain = 10 * time.Minute

// runServe runs the sidecar alone.
func runServe(ctx context.Context, args []string, out streams) (err error) {
	fs := newFlags("serve", "run the sidecar alone; Envoy runs elsewhere", out)
	var flags config.Flags
	flags.Register(fs)
	fs.Func("grpc", "listen for Envoy on `ADDRESS`, host:port or unix:///path; repeatable (default "+config.DefaultGRPC+")", func(s string) error {
		flags.Listen.GRPC = append(flags.Listen.GRPC, s)
		return nil
	})
	fs.StringVar(&flags.Listen.Admin, "admin", "", "serve metrics and health on `ADDRESS` (default "+config.DefaultAdmin+")")
	profiles := fs.Bool("pprof", false, "serve profiles, which show what is in memory, under /debug/pprof/ there")
	drain := fs.Duration("drain", defaultDrain, "let running streams finish for `TIME` after SIGTERM")
	asked := fs.String("log-level", "", "write lines from `LEVEL` on: debug, info, warn or error (default: log.level of heald.yaml, else info)")
	if err := parse(fs, args); err != nil {
		return err
	}
	log, level, err := newLogger(out.err, *asked)
	if err != nil {
		return err
	}
	cfg, err := flags.Load()
	if err != nil {
		return err
	}
	level.follow(cfg.Log.Level)
	side, err := newSidecar(&flags, cfg, log, *profiles)
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
	err = side.run(ctx, listeners, adminListener, *drain)
	log.Info("stopped", zap.Error(err))
	return err
}
