package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/test/stack"
)

// Whatever else stands in heald's configuration stays in that of the two hops:
// they are the floor of the same configuration.
func TestOnlyTheProcessorIsMissing(t *testing.T) {
	whole, err := bootstrap.Render(bootstrap.Params{Backends: []bootstrap.Backend{{Name: backend, URL: "http://127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	before := filters(t, whole)
	if err := withoutProcessor(whole); err != nil {
		t.Fatal(err)
	}
	if after := filters(t, whole); after != before-1 {
		t.Errorf("%d filters of %d are left", after, before)
	}
	if err := withoutProcessor(whole); err == nil {
		t.Error("a configuration without the processor was taken")
	}
	if err := adapt(whole, room, "no-such-cluster"); err == nil {
		t.Error("a cluster that does not exist was set to HTTP/2")
	}
}

func filters(t *testing.T, b *bootstrapv3.Bootstrap) (n int) {
	t.Helper()
	managers(t, b, func(hcm *hcmv3.HttpConnectionManager) { n += len(hcm.GetHttpFilters()) })
	return n
}

// managers calls change with each connection manager, and keeps what it did.
func managers(t *testing.T, b *bootstrapv3.Bootstrap, change func(*hcmv3.HttpConnectionManager)) {
	t.Helper()
	for _, l := range b.GetStaticResources().GetListeners() {
		for _, c := range l.GetFilterChains() {
			for _, f := range c.GetFilters() {
				hcm := &hcmv3.HttpConnectionManager{}
				if err := f.GetTypedConfig().UnmarshalTo(hcm); err != nil {
					t.Fatal(err)
				}
				change(hcm)
				if err := f.GetTypedConfig().MarshalFrom(hcm); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The no-op takes request bodies in either way that an Envoy of heald's may send
// them.
func TestNoopTakesRequestsInPieces(t *testing.T) {
	l := lineup{heald: stack.Binary(t), only: nameNoop}
	envoy := stack.EnvoyBinary(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	u, err := startUpstream()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = u.close() }()
	a := newAnswer(3)
	u.answer.Store(a)
	kinds, err := l.kinds(u)
	if err != nil {
		t.Fatal(err)
	}
	k := kinds[0]
	usually := k.configure
	k.configure = func(ctx context.Context, socket string) (*bootstrapv3.Bootstrap, error) {
		config, err := usually(ctx, socket)
		if err == nil {
			managers(t, config, inPieces(t))
		}
		return config, err
	}
	v, err := k.start(ctx, place{dir: t.TempDir(), envoy: envoy, window: room, clients: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.close() }()
	sent := agentBody(200 * kilobyte)
	v.request = &request{path: "/v1/a", body: sent, tail: a.tail(), header: map[string][]string{"Content-Type": {"application/json"}}}
	load := newLoad(1)
	defer load.close()
	arrived, err := u.capture(func() error {
		got, err := load.whole(ctx, v)
		if err != nil {
			return err
		}
		return checkEcho(got, a)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(arrived.body, sent) {
		t.Errorf("%d bytes arrived of %d", len(arrived.body), len(sent))
	}
}

// inPieces switches the mode of request bodies.
func inPieces(t *testing.T) func(*hcmv3.HttpConnectionManager) {
	return func(hcm *hcmv3.HttpConnectionManager) {
		for _, f := range hcm.GetHttpFilters() {
			p := &extprocv3.ExternalProcessor{}
			if !f.GetTypedConfig().MessageIs(p) {
				continue
			}
			if err := f.GetTypedConfig().UnmarshalTo(p); err != nil {
				t.Fatal(err)
			}
			p.ProcessingMode.RequestBodyMode = extprocv3.ProcessingMode_FULL_DUPLEX_STREAMED
			p.ProcessingMode.RequestTrailerMode = extprocv3.ProcessingMode_SEND
			p.AllowContentLengthHeader = true
			if err := f.GetTypedConfig().MarshalFrom(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Every worker of every variant's Envoy has as many clients as any other.
func TestClientsAreDealtOutEvenly(t *testing.T) {
	config, err := bootstrap.Render(bootstrap.Params{Backends: []bootstrap.Backend{{Name: backend, URL: "http://127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := adapt(config, usual, backend); err != nil {
		t.Fatal(err)
	}
	balanced := 0
	for _, l := range config.GetStaticResources().GetListeners() {
		if l.GetConnectionBalanceConfig().GetExactBalance() != nil {
			balanced++
		} else if l.GetInternalListener() == nil {
			t.Errorf("listener %s leaves it to the kernel", l.GetName())
		}
	}
	if balanced == 0 {
		t.Error("no listener takes connections")
	}
}
