package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/proc"
)

// backend is the name of the only one.
const backend = "provider"

// gateway is heald behind a real Envoy.
type gateway struct {
	envoy *proc.Process
	heald *exec.Cmd
	ended chan struct{} // closed when heald has
	url   string
	log   bytes.Buffer // Envoy's; read once it has ended
}

// startGateway runs heald as a user would, under one policy.
func startGateway(ctx context.Context, o options, envoy, dir, policy, provider string) (g *gateway, err error) {
	g = &gateway{ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not everything was ready after a minute"))
	defer cancel()
	socket := filepath.Join(dir, "heald.sock")
	file := filepath.Join(dir, "heald.yaml")
	text := fmt.Sprintf(`listen: {grpc: ["unix://%s"], admin: "127.0.0.1:0"}
backends: [{name: %s, kind: ai_studio, url: %q}]
accounts: [{id: one, backend: %s, secret: {env: HEALD_HEDGE_KEY}}]
policies: {default: {hedge: %q}}
`, socket, backend, provider, backend, policy)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return g, err
	}
	if err := g.startHeald(ctx, o.heald, file, socket); err != nil {
		return g, err
	}
	config, err := bootstrap.Render(bootstrap.Params{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Sidecars: []string{"unix://" + socket},
		Backends: []bootstrap.Backend{{Name: backend, URL: provider}},
	})
	if err != nil {
		return g, err
	}
	g.envoy, err = proc.Start(ctx, proc.Options{Binary: envoy, Config: config, Stderr: &g.log, Grace: time.Second})
	if err != nil {
		return g, err
	}
	address, err := g.envoy.Address(ctx, "outer")
	g.url = "http://" + address
	return g, err
}

// startHeald starts the process and waits until it listens.
func (g *gateway) startHeald(ctx context.Context, binary, file, socket string) error {
	cmd := exec.Command(binary, "serve", "--config", file)
	cmd.Env = append(os.Environ(), "HEALD_HEDGE_KEY=none")
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start heald: %w", err)
	}
	g.heald = cmd
	go func() { // ends with the process, which close ends
		defer close(g.ended)
		_ = cmd.Wait()
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-g.ended:
			return fmt.Errorf("heald ended: %s", &log)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// close ends the processes that were started.
func (g *gateway) close() error {
	var err error
	if g.envoy != nil {
		err = g.envoy.Stop()
	}
	if g.heald != nil {
		_ = g.heald.Process.Kill() // no request runs any more
		<-g.ended
	}
	return err
}
