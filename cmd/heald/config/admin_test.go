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

// A token has a least length, and what is open or readable on the network is noted.
func TestAdminNotes(t *testing.T) {
	t.Setenv("TOKEN", strings.Repeat("t", leastToken))
	t.Setenv("SHORT", strings.Repeat("t", leastToken-1))
	a := authority.New(t)
	cert, key := a.Issue("server", "heald")
	files := "cert: " + cert + ", key: " + key
	const near, far = "127.0.0.1:9001", "0.0.0.0:9001"
	for _, c := range []struct{ address, admin, want string }{
		{near, "", ""}, {near, "{open: true}", ""}, {near, "{token: {env: TOKEN}}", ""},
		{far, "{open: true}", "admin.open: the admin listener answers everybody who reaches 0.0.0.0:9001"},
		{far, "{open: true, tls: {" + files + "}}", "admin.open: the admin listener answers everybody"},
		{far, "{open: true, tls: {" + files + ", client_ca: " + a.File + "}}", ""},
		{far, "{token: {env: TOKEN}}", "admin.token: the token travels in plain text to 0.0.0.0:9001"},
		{far, "{token: {env: TOKEN}, open: true}", "admin.token: the token travels in plain text"},
		{far, "{token: {env: TOKEN}, tls: {" + files + "}}", ""},
	} {
		text := oneAccount + "listen: {admin: '" + c.address + "'}\n"
		if c.admin != "" {
			text += "admin: " + c.admin + "\n"
		}
		cfg, err := loadText(t, text)
		if err != nil {
			t.Fatal(err)
		}
		var notes []string
		for _, n := range cfg.Notes() {
			if strings.HasPrefix(n.Path, "admin") {
				notes = append(notes, n.Path+": "+n.Found)
			}
		}
		if got := strings.Join(notes, "\n"); (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) || len(notes) > 1 {
			t.Errorf("%s at %s: %q, want %q", c.admin, c.address, got, c.want)
		}
	}
	for variable, want := range map[string]string{"TOKEN": "", "SHORT": "admin.token: the token has 23 bytes, fewer than 24"} {
		cfg, err := loadText(t, oneAccount+"admin: {token: {env: "+variable+"}}\n")
		if err != nil {
			t.Fatal(err)
		}
		access, err := cfg.Access()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || !access.Asks() {
			t.Errorf("%s: %v", variable, err)
		}
	}
	if (&Access{}).Asks() || !(&Access{Certificates: true}).Asks() {
		t.Error("what is asked for")
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
