package config

import (
	"strings"
	"testing"
)

func TestExposed(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9000": false, "127.9.9.9:9000": false, "[::1]:9000": false, "localhost:9000": false, "unix:///run/heald.sock": false,
		"[::ffff:127.0.0.1]:9000": false,
		":9000":                   true, "0.0.0.0:9000": true, "[::]:9000": true, "10.1.2.3:9000": true, "no-such-name.invalid:9000": true, "9000": true, "": true,
	} {
		if Exposed(address) != want {
			t.Errorf("%q: want %v", address, want)
		}
	}
}

// A gRPC peer is given credentials: other machines need to prove something.
func TestListenIsClosed(t *testing.T) {
	secured := &TLS{Cert: "c", Key: "k", ClientCA: "a"}
	for _, c := range []struct {
		listen Listen
		hop    bool
		want   string // "" for no fault
	}{
		{Listen{GRPC: []string{"127.0.0.1:9000", "unix:///run/heald.sock"}}, false, ""},
		{Listen{GRPC: []string{"127.0.0.1:9000", "0.0.0.0:9000"}}, false, "0.0.0.0:9000 can be reached from other machines"},
		{Listen{GRPC: []string{":9000"}}, false, "listen.tls {cert, key, client_ca}"},
		{Listen{GRPC: []string{":9000"}}, true, ""},
		{Listen{GRPC: []string{":9000"}, TLS: secured}, false, ""},
		{Listen{TLS: &TLS{Cert: "c", Key: "k"}}, true, "listen.tls.client_ca: is empty"},
		{Listen{TLS: &TLS{ClientCA: "a"}}, true, "listen.tls.key: is empty"},
		{Listen{TLS: &TLS{Cert: "c", Key: "k", ClientCA: "a", Allow: []string{"spiffe://td/x", "envoy.example.com"}}}, true, ""},
		{Listen{TLS: &TLS{Cert: "c", Key: "k", ClientCA: "a", Allow: []string{"x", "https://td/x"}}}, true, "listen.tls.allow[1]"},
		{Listen{TLS: &TLS{Cert: "c", Key: "k", ClientCA: "a", Allow: []string{"spiffe:///x"}}}, true, "listen.tls.allow[0]"},
	} {
		err := c.listen.Check(c.hop)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, hop %v: got %v, want %q", c.listen, c.hop, err, c.want)
		}
	}
}

func TestListenKeeps(t *testing.T) {
	running := Listen{GRPC: []string{"127.0.0.1:9000"}, Admin: "127.0.0.1:9001", TLS: &TLS{Cert: "old"}}
	for _, c := range []struct {
		file    Listen
		changed bool
		cert    string
	}{
		{Listen{GRPC: []string{"127.0.0.1:9000"}, Admin: "127.0.0.1:9001", TLS: &TLS{Cert: "new"}}, false, "new"},
		{Listen{GRPC: []string{"127.0.0.1:9000"}, Admin: "127.0.0.1:9001"}, true, "old"},
		{Listen{GRPC: []string{"127.0.0.1:9002"}, Admin: "127.0.0.1:9001", TLS: &TLS{Cert: "new"}}, true, "new"},
		{Listen{GRPC: []string{"127.0.0.1:9000"}, Admin: "127.0.0.1:9009", TLS: &TLS{Cert: "new"}}, true, "new"},
	} {
		got := c.file
		if changed := got.Keep(running); changed != c.changed || got.TLS.Cert != c.cert || got.GRPC[0] != "127.0.0.1:9000" || got.Admin != "127.0.0.1:9001" {
			t.Errorf("%+v: %+v, changed %v", c.file, got, changed)
		}
	}
}

// Who may ask, as heald.yaml and the flags say it.
func TestDoor(t *testing.T) {
	t.Setenv("TEST_KEY", "k")
	t.Setenv("TEST_HOP", "hop-secret-hop-secret")
	t.Setenv("TEST_CLIENT", "client-key-0123456789")
	const base = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: TEST_KEY}}]\n"
	for _, c := range []struct {
		name, file string
		flags      Flags
		want       string // "" for none
	}{
		{name: "no keys", file: base},
		{name: "a key", file: base + "client_keys: [{env: TEST_CLIENT}]\n"},
		{name: "a short key", file: base + "client_keys: [{env: TEST_CLIENT}, {env: TEST_KEY}]\n", want: "client_keys[1]: the secret has"},
		{name: "an empty variable", file: base + "client_keys: [{env: TEST_NOTHING}]\n", want: "client_keys[0]: environment variable TEST_NOTHING"},
		{name: "public", file: base + "listen: {grpc: [':9000']}\n", want: "can be reached from other machines"},
		{name: "public with a hop secret", file: base + "listen: {grpc: [':9000']}\nhop_secret: {env: TEST_HOP}\n"},
		{name: "public by a flag", file: base, flags: Flags{Listen: Listen{GRPC: []string{"0.0.0.0:9000"}}}, want: "0.0.0.0:9000"},
		{name: "closed by a flag", file: base + "listen: {grpc: [':9000']}\n", flags: Flags{Listen: Listen{GRPC: []string{"unix:///x"}}}},
		{name: "up for everybody", file: base, flags: Flags{Public: "0.0.0.0:10000"}, want: "--insecure-open"},
		{name: "up with keys", file: base + "client_keys: [{env: TEST_CLIENT}]\n", flags: Flags{Public: "0.0.0.0:10000"}},
		{name: "up with a key of a flag", file: base, flags: Flags{Public: "0.0.0.0:10000", keys: []Source{{Env: "TEST_CLIENT"}}}},
		{name: "all of it at once", file: base + "listen: {tls: {cert: c}}\nclient_keys: [{env: TEST_NOTHING}]\n", want: "listen.tls.client_ca"},
		{name: "a hop secret that cannot be read", file: base + "listen: {grpc: [':9000']}\nhop_secret: {env: TEST_NOTHING}\n", want: "hop_secret: environment variable"},
		{name: "no origin", file: base + "browsers: {origins: [chat]}\n", want: "browsers.origins[0]"},
		{name: "no certificate", file: base + "listen: {tls: {cert: /nonexistent/c, key: /nonexistent/k, client_ca: /nonexistent/a}}\n", want: "listen.tls.client_ca"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.flags.File = write(t, "heald.yaml", c.file)
			cfg, err := c.flags.Load()
			if err == nil {
				err = cfg.Validate()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A port without a secret is for every process of the machine, which is told.
func TestOpenToThisMachine(t *testing.T) {
	const base = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: TEST_KEY}}]\nauth: none\n"
	t.Setenv("TEST_KEY", "a credential of the tests")
	t.Setenv("TEST_HOP", "hop-secret-hop-secret")
	for _, c := range []struct {
		name, file string
		flags      Flags
		open       string // the addresses that are told; "" for none
	}{
		{name: "defaults", file: base, open: DefaultGRPC + " can be reached"},
		{name: "IPv6, beside a socket", file: base + "listen: {grpc: ['[::1]:9000', 'unix:///x']}\n", open: "[::1]:9000 can be reached"},
		{name: "by flags", file: base, flags: Flags{Listen: Listen{GRPC: []string{"localhost:1", "127.0.0.1:2"}}}, open: "localhost:1, 127.0.0.1:2 can be"},
		{name: "a socket", file: base + "listen: {grpc: ['unix:///x']}\n"},
		{name: "a hop secret", file: base + "hop_secret: {env: TEST_HOP}\n"},
		{name: "a hop secret of its own, as up has", file: base, flags: Flags{Hop: "hop-secret-hop-secret"}},
		{name: "TLS", file: base + "listen: {tls: {cert: c, key: k, client_ca: a}}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.flags.File = write(t, "heald.yaml", c.file)
			cfg, err := c.flags.Load()
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, n := range cfg.Notes() {
				if !n.Note {
					t.Errorf("a problem: %v", n)
				}
				found = append(found, n.Found)
			}
			if got := strings.Join(found, "\n"); (got == "") != (c.open == "") || !strings.Contains(got, c.open) {
				t.Errorf("told %q, want %q", got, c.open)
			}
		})
	}
}
