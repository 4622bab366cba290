package config

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const envoyID = "spiffe://cluster.local/ns/gateway/sa/envoy"

// shake lets a peer with a certificate connect, and returns how heald takes it.
func shake(t *testing.T, server *tls.Config, cert, key string, version uint16) error {
	t.Helper()
	client := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS10, MaxVersion: version}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		client.Certificates = []tls.Certificate{pair}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() { // ends with the connection
		defer close(done)
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return
		}
		defer far.Close()
		c := tls.Client(far, client)
		_ = c.Handshake()
		_, _ = c.Read(make([]byte, 1))
	}()
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	err = tls.Server(near, server).Handshake()
	_ = near.Close()
	<-done
	return err
}

// Only peers with a certificate of the authority, and of an allowed name.
func TestMutualTLS(t *testing.T) {
	ca, other := authority.New(t), authority.New(t)
	cert, key := ca.Issue("heald", "heald.example")
	envoy, envoyKey := ca.Issue("envoy", envoyID, "envoy.example")
	stranger, strangerKey := other.Issue("stranger", envoyID)
	for _, c := range []struct {
		name      string
		allow     []string
		cert, key string
		version   uint16
		want      string // "" for taken
	}{
		{"any of the authority", nil, envoy, envoyKey, 0, ""},
		{"TLS 1.2", nil, envoy, envoyKey, tls.VersionTLS12, ""},
		{"TLS 1.1", nil, envoy, envoyKey, tls.VersionTLS11, "unsupported version"},
		{"SPIFFE id", []string{"spiffe://x/y", envoyID}, envoy, envoyKey, 0, ""},
		{"DNS name", []string{"Envoy.example"}, envoy, envoyKey, 0, ""},
		{"another name", []string{envoyID + "2", "example"}, envoy, envoyKey, 0, "listen.tls.allow"},
		{"no certificate", nil, "", "", 0, "certificate"},
		{"no certificate, TLS 1.2", nil, "", "", tls.VersionTLS12, "certificate"},
		{"another authority", []string{envoyID}, stranger, strangerKey, 0, "unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := (&TLS{Cert: cert, Key: key, ClientCA: ca.File, Allow: c.allow}).Load()
			if err != nil {
				t.Fatal(err)
			}
			err = shake(t, cfg, c.cert, c.key, c.version)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestBrokenCertificates(t *testing.T) {
	ca := authority.New(t)
	cert, key := ca.Issue("heald")
	_, otherKey := ca.Issue("other")
	text := write(t, "x.pem", "no certificate")
	for _, c := range []struct {
		tls  TLS
		want string
	}{
		{TLS{Cert: cert, Key: otherKey, ClientCA: ca.File}, "listen.tls.key"},
		{TLS{Cert: text, Key: key, ClientCA: ca.File}, "listen.tls.cert"},
		{TLS{Cert: cert, Key: key, ClientCA: text}, "listen.tls.client_ca"},
		{TLS{Cert: cert, Key: key, ClientCA: text + "x"}, "listen.tls.client_ca"},
	} {
		if _, err := c.tls.Load(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
