package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/test/authority"
)

const adminToken = "a token for the admin listener"

// running serves the admin listener of a configuration at a free port of
// loopback, and returns the address; more has %s for it.
func running(t *testing.T, file string) string {
	t.Helper()
	t.Setenv("KEY", "a credential of the tests")
	s, _ := loadedSidecar(t, file)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.admin.Serve(ctx, s.secured(l)) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Commands that ask a running heald send the token or certificate that it asks
// for, from wherever that is configured.
func TestCommandsShowTheToken(t *testing.T) {
	t.Setenv("TOKEN", adminToken)
	t.Setenv("WRONG", adminToken+"x")
	t.Setenv(tokenVariable, "")
	file := write(t, "heald.yaml", minimal+"admin: {token: {env: TOKEN}}\n")
	at := running(t, file)
	for _, c := range []struct {
		name     string
		args     []string
		variable string
		code     int
		want     string
	}{
		// Whole: what reads like a credential would be taken out of it.
		{"none", nil, "", exitFailed, "it asks for authentication: a token is asked for here: send admin.token; heald's commands take it from --config heald.yaml, --admin-token env:VARIABLE or HEALD_ADMIN_TOKEN, others send it in the header authorization, behind Bearer"},
		{"by a flag", []string{"--admin-token", "env:TOKEN"}, "", exitOK, ""},
		{"by a file", []string{"--admin-token", "file:" + write(t, "token", adminToken+"\n")}, "", exitOK, ""},
		{"by the environment", nil, adminToken, exitOK, ""},
		{"by heald.yaml", []string{"--config", file}, "", exitOK, ""},
		{"a wrong one", []string{"--admin-token", "env:WRONG"}, "", exitFailed, "it does not take this token"},
		{"the flag wins", []string{"--admin-token", "env:WRONG", "--config", file}, adminToken, exitFailed, "it does not take this token"},
		{"no variable", []string{"--admin-token", "env:NOTHING"}, "", exitFailed, "NOTHING is empty"},
		{"a token itself", []string{"--admin-token", "open-sesame-for-me"}, "", exitUsage, "--admin-token: want env:VARIABLE or file:PATH"},
	} {
		t.Setenv(tokenVariable, c.variable)
		for command, shows := range map[string]string{"accounts": "ACCOUNTS", "top --once --interval 200ms": "TRAFFIC", "accounts --json": `"accounts"`} {
			args := append(strings.Fields(command), "--admin", at)
			code, out, errs := heald(t, append(args, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.want) || code == exitOK && !strings.Contains(out, shows) || strings.Contains(out+errs, adminToken) {
				t.Errorf("%s, %s: exit %d, want %d with %q:\n%s%s", c.name, command, code, c.code, c.want, out, errs)
			}
		}
		if code, out, errs := heald(t, "health", "--admin", at); code != exitOK || out != "ok\n" {
			t.Errorf("a probe needs no token: exit %d, %s%s", code, out, errs)
		}
	}
}

// By TLS, the certificate of heald.yaml is known as it is, and a client's counts
// in place of the token.
func TestCommandsSpeakTLS(t *testing.T) {
	t.Setenv(tokenVariable, "")
	a := authority.New(t)
	cert, key := a.Issue("server", "heald.gateway.svc")
	clientCert, clientKey := a.Issue("client", "monitor")
	other := authority.New(t)
	otherCert, otherKey := other.Issue("server", "heald.gateway.svc")
	fileOf := func(cert, key string) string {
		return write(t, "heald.yaml", minimal+"admin: {tls: {cert: "+cert+", key: "+key+", client_ca: "+a.File+"}}\n")
	}
	file := fileOf(cert, key)
	at := running(t, file)
	show := []string{"--admin-cert", clientCert, "--admin-key", clientKey}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"by heald.yaml", append([]string{"--admin", "https://" + at, "--config", file}, show...), exitOK, ""},
		{"by the authority", append([]string{"--admin", "https://" + at, "--admin-ca", a.File}, show...), exitOK, ""},
		{"nobody is trusted", append([]string{"--admin", "https://" + at}, show...), exitFailed, "its certificate is not accepted"},
		{"another heald.yaml", append([]string{"--admin", "https://" + at, "--config", fileOf(otherCert, otherKey)}, show...), exitFailed, "it shows another certificate"},
		{"no certificate", []string{"--admin", "https://" + at, "--config", file}, exitFailed, "a client certificate is asked for here"},
		{"one of another authority", []string{"--admin", "https://" + at, "--config", file, "--admin-cert", otherCert, "--admin-key", otherKey}, exitFailed, ""},
		{"half of one", []string{"--admin", "https://" + at, "--admin-cert", clientCert}, exitUsage, "belong together"},
	} {
		if code, out, errs := heald(t, append([]string{"accounts"}, c.args...)...); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %d with %q:\n%s%s", c.name, code, c.code, c.want, out, errs)
		}
	}
	if code, out, errs := heald(t, "health", "--ready", "--admin", "https://"+at, "--config", file); code != exitOK || !strings.HasPrefix(out, "ok\n") {
		t.Errorf("a probe needs no certificate: exit %d, %s%s", code, out, errs)
	}
}

// Where to ask, heald.yaml says.
func TestWhereCommandsAsk(t *testing.T) {
	for listen, want := range map[string]string{
		"": "127.0.0.1:9001", "listen: {admin: ':9009'}": "127.0.0.1:9009", "listen: {admin: '0.0.0.0:9009'}": "127.0.0.1:9009", "listen: {admin: '[::]:9009'}": "127.0.0.1:9009",
		"listen: {admin: '10.1.2.3:9009'}": "10.1.2.3:9009", "listen: {admin: 'unix:///run/heald/admin.sock'}": "unix:///run/heald/admin.sock",
		"listen: {admin: ':9009'}\nadmin: {tls: {cert: x, key: y}}": "https://127.0.0.1:9009",
	} {
		cfg, err := config.Load(write(t, "heald.yaml", minimal+listen+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := (&adminLine{}).where(cfg); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
		if got := (&adminLine{address: "elsewhere:1"}).where(cfg); got != "elsewhere:1" {
			t.Error(got)
		}
	}
	if got := (&adminLine{}).where(nil); got != "127.0.0.1:9001" {
		t.Error(got)
	}
}

// A token that is changed counts at once, and the policies stay, which would
// forget what cools down. What would leave the running listener open is refused.
func TestTokenIsReloaded(t *testing.T) {
	token := write(t, "token", adminToken+"\n")
	a := authority.New(t)
	cert, key := a.Issue("server", "heald")
	s, reload := rewriting(t, minimal+"listen: {admin: '0.0.0.0:9001'}\nadmin: {token: {file: "+token+"}}\n")
	policy := s.policy.current.Load()
	rewrite(t, token, adminToken+"2\n")
	s.reload()
	if got := s.mayAsk().Token; got != adminToken+"2" || s.policy.current.Load() != policy {
		t.Errorf("the token is %q", got)
	}
	rewrite(t, token, "short\n")
	s.reload()
	if got := s.mayAsk().Token; got != adminToken+"2" {
		t.Errorf("the token is %q", got)
	}
	rewrite(t, token, adminToken+"3\n")
	for _, c := range []struct{ more, want string }{
		{"listen: {admin: '127.0.0.1:9001'}\n", "0.0.0.0:9001 can be reached from other machines"},
		{"listen: {admin: '0.0.0.0:9001'}\nadmin: {token: {file: " + token + "}, tls: {cert: " + cert + ", key: " + key + "}}\n", "restart heald to use it"},
		{"listen: {admin: '0.0.0.0:9001'}\nadmin: {tls: {cert: " + cert + ", key: " + key + ", client_ca: " + a.File + "}}\n", "0.0.0.0:9001 can be reached from other machines"},
		{"listen: {admin: '0.0.0.0:9001'}\nadmin: {open: true}\n", "configuration loaded"},
	} {
		if got := reload(minimal + c.more); !strings.Contains(got, c.want) {
			t.Errorf("%s: want %q:\n%s", c.more, c.want, got)
		}
	}
	if a := s.mayAsk(); a.Token != "" || !a.Open {
		t.Errorf("%+v", a)
	}
}
