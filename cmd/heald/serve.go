package main

import (
	"context"
	"errors"
	"net"
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
	var grpc []string
	fs.Func("grpc", "listen for Envoy on `ADDRESS`, host:port or unix:///path; repeatable (default "+config.DefaultGRPC+")", func(s string) error {
		grpc = append(grpc, s)
		return nil
	})
	adminAddress := fs.String("admin", "", "serve metrics and health on `ADDRESS` (default "+config.DefaultAdmin+")")
	drain := fs.Duration("drain", defaultDrain, "let running streams finish for `TIME` after SIGTERM")
	level := fs.String("log-level", "info", "debug, info, warn or error")
	if err := parse(fs, args); err != nil {
		return err
	}
	log, err := newLogger(out.err, *level)
	if err != nil {
		return err
	}
	cfg, err := flags.Load()
	if err != nil {
		return err
	}
	if len(grpc) > 0 {
		cfg.Listen.GRPC = grpc
	}
	if *adminAddress != "" {
		cfg.Listen.Admin = *adminAddress
	}
	side, err := newSidecar(&flags, cfg, log)
	if err != nil {
		return err
	}
	if len(cfg.MemoryKey) == 0 {
		log.Warn("no memory_key is configured: this process made its own; replicas that serve the same clients must share one")
	}
	listeners, adminListener, err := openAll(cfg.Listen)
	if err != nil {
		return err
	}
	log.Info("serving metrics and health", zap.String("address", adminListener.Addr().String()), zap.String("version", version))
	err = side.run(ctx, listeners, adminListener, *drain)
	log.Info("stopped", zap.Error(err))
	return err
}

// openAll opens every listener or none.
func openAll(l config.Listen) (grpc []net.Listener, adminListener net.Listener, err error) {
	var errs []error
	for _, address := range l.GRPC {
		ln, err := listen(address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		grpc = append(grpc, ln)
	}
	adminListener, err = listen(l.Admin)
	if err = errors.Join(append(errs, err)...); err != nil {
		for _, ln := range grpc {
			_ = ln.Close()
		}
		if adminListener != nil {
			_ = adminListener.Close()
		}
		return nil, nil, err
	}
	return grpc, adminListener, nil
}
