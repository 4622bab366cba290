package config

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
)

// Which addresses are taken with what.
func TestAdminAddresses(t *testing.T) {
	t.Setenv("TOKEN", "a token of the tests, long enough")
	a := authority.New(t)
	cert, key := a.Issue("server", "heald")
	files := "cert: " + cert + ", key: " + key
	near := []string{"127.0.0.1:9001", "[::1]:9001", "localhost:9001", "unix:///run/heald/admin.sock", "127.9.9.9:0"}
	far := []string{"0.0.0.0:9001", ":9001", "[::]:9001", "10.1.2.3:9001", "no-such-host.invalid:9001"}
	for _, c := range []struct {
		name, admin string
		far         bool // is taken on an address that other machines reach
	}{
		{"nothing", "", false},
		{"a token", "admin: {token: {env: TOKEN}}", true},
		{"client certificates", "admin: {tls: {" + files + ", client_ca: " + a.File + "}}", true},
		{"TLS alone", "admin: {tls: {" + files + "}}", false},
		{"metrics open alone", "admin: {metrics_open: true}", false},
		{"open", "admin: {open: true}", true},
	} {
		for i, address := range append(near, far...) {
			text := oneAccount + "listen: {admin: '" + address + "'}\n" + c.admin + "\n"
			cfg, err := loadText(t, text)
			if err == nil {
				err = cfg.Validate()
			}
			taken := i < len(near) || c.far
			if (err == nil) != taken || err != nil && (!strings.Contains(err.Error(), "admin.token") || !strings.Contains(err.Error(), "admin.open: true")) {
				t.Errorf("%s at %s: %v", c.name, address, err)
			}
		}
	}
}

// What is read, and how faults are told.
func TestAdminAccess(t *testing.T) {
	t.Setenv("TOKEN", "a token of the tests, long enough")
	t.Setenv("CONTROL", "a token of the tests\x01, long enough")
	a := authority.New(t)
	cert, key := a.Issue("server", "heald")
	for _, c := range []struct{ admin, want string }{
		{"{token: {env: TOKEN}, metrics_open: true, open: true, tls: {cert: " + cert + ", key: " + key + ", client_ca: " + a.File + "}}", ""},
		{"{token: {env: NOTHING}}", "admin.token: environment variable NOTHING is empty"},
		{"{token: {env: CONTROL}}", "admin.token: there is a control character"},
		{"{tls: {cert: " + cert + "}}", "admin.tls.key: is empty"},
		{"{tls: {cert: " + cert + ", key: " + a.File + "}}", "admin.tls.cert, admin.tls.key"},
		{"{tls: {cert: " + cert + ", key: " + key + ", client_ca: " + key + "}}", "holds no PEM certificate"},
		{"{tls: {cert: " + cert + ", key: " + key + ", client_ca: /nonexistent}}", "admin.tls.client_ca"},
	} {
		cfg, err := loadText(t, oneAccount+"admin: "+c.admin+"\n")
		if err != nil {
			t.Fatal(err)
		}
		got, err := cfg.Access()
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.admin, err, c.want)
			}
			continue
		}
		if err != nil || got.Token.Reveal() != "a token of the tests, long enough" || !got.Certificates || !got.MetricsOpen || !got.Open || got.TLS.ClientAuth != tls.VerifyClientCertIfGiven {
			t.Errorf("%+v, %v", got, err)
		}
		if w := cfg.Watched("heald.yaml"); !w.has(cert) || !w.has(a.File) {
			t.Errorf("not all files are watched: %+v", w)
		}
	}
}

// Whether there is TLS cannot change while heald runs; a certificate can.
func TestAdminKeeps(t *testing.T) {
	running := &AdminTLS{Cert: "old"}
	for _, c := range []struct {
		next, running *AdminTLS
		changed       bool
		cert          string
	}{
		{&AdminTLS{Cert: "new"}, running, false, "new"}, {nil, running, true, "old"}, {nil, nil, false, ""}, {&AdminTLS{Cert: "new"}, nil, true, ""},
	} {
		a := Admin{TLS: c.next}
		changed := a.Keep(c.running)
		cert := ""
		if a.TLS != nil {
			cert = a.TLS.Cert
		}
		if changed != c.changed || cert != c.cert {
			t.Errorf("%+v while %+v: changed %v, %q", c.next, c.running, changed, cert)
		}
	}
}
