package extproc

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/test/authority"
)

// nobody is a policy that is never asked.
type nobody struct{}

func (nobody) Begin(context.Context, *policies.Request) policies.Attempt { return nil }
func (nobody) Refuse(*policies.Request, *policies.Fault) *policies.Reply { return nil }

// By TCP only peers with a certificate get through; a Unix socket is guarded by
// the file system. Who is refused is logged, and a probe of the port is not.
func TestTransport(t *testing.T) {
	ca := authority.New(t)
	pair := func(name string) tls.Certificate {
		p, err := tls.LoadX509KeyPair(ca.Issue(name))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	core, logs := observer.New(zap.WarnLevel)
	secured := &tls.Config{Certificates: []tls.Certificate{pair("heald")}, ClientAuth: tls.RequireAnyClientCert, NextProtos: []string{"h2"}}
	s, err := New(Config{}, Deps{Policy: nobody{}, Logger: zap.New(core), TLS: &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return secured, nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	byTCP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, byTCP, socket) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	ask := func(target string, c credentials.TransportCredentials) error {
		conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(c))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		return err
	}
	known := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair("envoy")}})
	unknown := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	if err := ask(byTCP.Addr().String(), known); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	if err := ask("unix://"+socket.Addr().String(), insecure.NewCredentials()); err != nil {
		t.Errorf("by the socket: %v", err)
	}
	probe, err := net.Dial("tcp", byTCP.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = probe.Close()
	if n := logs.Len(); n != 0 {
		t.Errorf("%d lines: %v", n, logs.All())
	}
	for name, c := range map[string]credentials.TransportCredentials{"no certificate": unknown, "plain text": insecure.NewCredentials()} {
		if err := ask(byTCP.Addr().String(), c); err == nil {
			t.Errorf("%s: served", name)
		}
	}
	if logs.FilterMessage("connection refused: the TLS handshake failed").Len() == 0 {
		t.Errorf("nobody is told: %v", logs.All())
	}
}
