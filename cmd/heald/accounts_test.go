package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/admin"
	"github.com/heald-proxy/heald/policies/account"
)

// The command shows the report of a running heald's admin listener: as a table,
// or byte for byte.
func TestAccountsOfARunningHeald(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.December, 1, 14, 2, 51, 0, time.UTC)
	s := admin.New(admin.Options{Registry: prometheus.NewRegistry(), Ready: func() (string, error) { return "", nil }, Accounts: func() accounts.Report {
		return accounts.Report{State: accounts.State{Store: "memory", Up: true}, Status: account.Status{At: at, Accounts: []account.AccountStatus{
			{ID: "main-1", Backend: "studio", Group: "ai_studio/account:main-1", Usable: account.Usable{Now: true}}}}}
	}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	code, out, errs := heald(t, "accounts", "--admin", l.Addr().String())
	if code != exitOK || !strings.Contains(out, "1 account (1 ready)") || !strings.Contains(out, "main-1") {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
	code, out, errs = heald(t, "accounts", "--json", "--admin", "http://"+l.Addr().String()+"/metrics")
	if code != exitOK || !strings.HasPrefix(out, "{\n  \"state\": {") || !strings.Contains(out, `"at": "2026-12-01T14:02:51Z"`) {
		t.Errorf("exit %d:\n%s%s", code, out, errs)
	}
}

func TestAccountsMistakes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--admin", "127.0.0.1:1"}, exitFailed, "heald accounts: 127.0.0.1:1: nothing listens there: is heald running?"},
		{[]string{"--admin", "127.0.0.1:1", "--watch", "1s"}, exitFailed, "nothing listens there"},
		{[]string{"--admin", "nowhere"}, exitUsage, "--admin: this is no address"},
		{[]string{"--watch", "1ms"}, exitUsage, "--watch: 1ms is too short"},
		{[]string{"--watch", "-1s"}, exitUsage, "--watch: -1s is too short"},
		{[]string{"all"}, exitUsage, `unexpected argument "all"`},
	} {
		if code, out, errs := heald(t, append([]string{"accounts"}, c.args...)...); code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, want %d with %q:\n%s%s", c.args, code, c.code, c.want, out, errs)
		}
	}
}
