package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/heald-proxy/heald/envoy/proc"
)

// The names of the variants, as the table shows them.
const (
	nameNoop  = "no-op"
	nameHeald = "heald"
)

// variant is a sidecar behind an Envoy of its own.
type variant struct {
	name    string
	sidecar *child
	envoy   *proc.Process
	url     string
	log     bytes.Buffer // Envoy's; read once it has ended

	request *request // of the current scenario
}

// noopCommand is the hidden command of this binary that runs the yardstick.
const noopCommand = "noop-sidecar"

// startNoop runs the yardstick: this very binary, as another process.
func startNoop(ctx context.Context, dir, envoy string, u *upstream) (*variant, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "noop.sock")
	return startVariant(ctx, nameNoop, dir, socket, envoy, u, exec.Command(self, noopCommand, socket))
}

// startHeald runs heald as a user would; all settings have their defaults but for
// the flags that are given.
func startHeald(ctx context.Context, dir, binary, envoy string, u *upstream, flags ...string) (*variant, error) {
	socket := filepath.Join(dir, "heald.sock")
	cmd := exec.Command(binary, append([]string{"serve",
		"--backend", backend + "=ai_studio," + u.url, "--account", backend + "=env:HEALD_BENCH_KEY",
		"--grpc", "unix://" + socket, "--admin", "127.0.0.1:0"}, flags...)...)
	cmd.Env = append(os.Environ(), "HEALD_BENCH_KEY=none")
	return startVariant(ctx, nameHeald, dir, socket, envoy, u, cmd)
}

func startVariant(ctx context.Context, name, dir, socket, envoy string, u *upstream, cmd *exec.Cmd) (v *variant, err error) {
	v = &variant{name: name}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", name, err), v.close())
		}
	}()
	if v.sidecar, err = startChild(ctx, dir, name, socket, cmd); err != nil {
		return v, err
	}
	config, err := configure(socket, u)
	if err != nil {
		return v, err
	}
	v.envoy, err = proc.Start(ctx, proc.Options{Binary: envoy, Config: config, Stderr: &v.log, Grace: time.Second})
	if err != nil {
		return v, err
	}
	address, err := v.envoy.Address(ctx, "outer")
	v.url = "http://" + address
	return v, err
}

// ended says why, if one of the variant's processes is gone.
func (v *variant) ended() error {
	select {
	case <-v.sidecar.done:
		return v.sidecar.failure()
	case <-v.envoy.Done():
		return fmt.Errorf("envoy of %s ended: %w", v.name, v.envoy.Err())
	default:
		return nil
	}
}

// messages is how many messages Envoy has sent to the sidecar.
func (v *variant) messages(ctx context.Context) (uint64, error) {
	stats, err := v.envoy.Stats(ctx, `^http\.inner\.ext_proc\.heald\.stream_msgs_sent$`)
	if err != nil {
		return 0, err
	}
	for _, n := range stats {
		return n, nil
	}
	return 0, errors.New("envoy does not count stream_msgs_sent of its ext_proc filter")
}

// close ends the processes that were started.
func (v *variant) close() error {
	var err error
	if v.envoy != nil {
		err = v.envoy.Stop()
	}
	if v.sidecar != nil {
		v.sidecar.stop()
	}
	return err
}
