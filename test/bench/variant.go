package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"

	"github.com/heald-proxy/heald/envoy/proc"
)

// kind is a variant that can be started.
type kind struct {
	name string
	// command runs the sidecar on a socket; nil for none.
	command func(dir, socket string) *exec.Cmd
	// configure returns the configuration of its Envoy.
	configure func(ctx context.Context, socket string) (*bootstrapv3.Bootstrap, error)
	// http2 are the clusters that speak HTTP/2.
	http2 []string
	// heald says that its client sends Anthropic Messages, and that it has
	// metrics. The clients of the others send Gemini's form.
	heald bool
	// counts says that Envoy sends messages to the sidecar.
	counts bool
}

// variant is a running one: an Envoy, and the sidecar behind it.
type variant struct {
	kind
	sidecar *child // nil if it has none
	envoy   *proc.Process
	url     string
	admin   string       // socket of heald's metrics
	log     bytes.Buffer // Envoy's; read once it has ended

	request *request // of the current scenario
}

// place is where variants run.
type place struct {
	dir   string // for sockets and logs
	envoy string // the binary
	// window is what fits between upstream and sidecar, in bytes.
	window int
	// clients is how many connect at a time.
	clients int
}

// start starts the sidecar and its Envoy.
func (k *kind) start(ctx context.Context, p place) (v *variant, err error) {
	v = &variant{kind: *k, admin: adminSocket(p.dir, k.name)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", k.name, err), v.close())
		}
	}()
	socket := filepath.Join(p.dir, k.name+".sock")
	if k.command != nil {
		if v.sidecar, err = startChild(ctx, p.dir, k.name, socket, k.command(p.dir, socket)); err != nil {
			return v, err
		}
	}
	config, err := k.configure(ctx, socket)
	if err != nil {
		return v, err
	}
	if err := adapt(config, p.window, k.http2...); err != nil {
		return v, err
	}
	if k.name != nameProxy { // whose Envoy has no such limit
		if err := allowConnections(config, max(p.clients, 1000)); err != nil {
			return v, err
		}
	}
	v.envoy, err = proc.Start(ctx, proc.Options{Binary: p.envoy, Config: config, Stderr: &v.log, Grace: time.Second})
	if err != nil {
		return v, err
	}
	address, err := v.envoy.Address(ctx, "outer")
	v.url = "http://" + address
	return v, err
}

// adminSocket is where heald serves its metrics.
func adminSocket(dir, name string) string { return filepath.Join(dir, name+"-admin.sock") }

// ended says why, if one of the variant's processes is gone.
func (v *variant) ended() error {
	if v.sidecar != nil {
		select {
		case <-v.sidecar.done:
			return v.sidecar.failure()
		default:
		}
	}
	select {
	case <-v.envoy.Done():
		return fmt.Errorf("envoy of %s ended: %w", v.name, v.envoy.Err())
	default:
		return nil
	}
}

// cpu is the processor time of the sidecar and of Envoy.
func (v *variant) cpu() (sidecar, envoy time.Duration, err error) {
	if v.sidecar != nil {
		if sidecar, err = cpuTime(v.sidecar.pid()); err != nil {
			return 0, 0, err
		}
	}
	envoy, err = cpuTime(v.envoy.PID())
	return sidecar, envoy, err
}

// messages is how many messages Envoy has sent to the sidecar; 0 if it does not
// count them.
func (v *variant) messages(ctx context.Context) (uint64, error) {
	if !v.counts {
		return 0, nil
	}
	stats, err := v.envoy.Stats(ctx, `^http\.inner\.ext_proc\.heald\.stream_msgs_sent$`)
	if err != nil {
		return 0, err
	}
	for _, n := range stats {
		return n, nil
	}
	return 0, nil // a preset may leave the counter out
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
