package redis

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// A Redis that answers but refuses to work is reported with the fix, even
// without requests; and heald uses it again when it is fixed.
func TestTrouble(t *testing.T) {
	server := redistest.Start(t)
	server.Must("ACL SETUSER boss on >orders ~* &* +@all")
	server.Must("ACL SETUSER default resetpass >right")
	admin := func(command string) {
		t.Helper()
		if answer := do(t, server, "AUTH boss orders", command); strings.HasPrefix(answer, "-") {
			t.Fatal(command, answer)
		}
	}
	admin("ACL SETUSER reader on >reads ~* &* +@read +@connection +time")
	for name, c := range map[string]struct {
		url, user string
		password  string
		want      []string
		mend      string
	}{
		"wrong password": {"", "", "wrong", []string{"WRONGPASS", "state.redis.password"}, "ACL SETUSER default >wrong"},
		"no password":    {"", "", "", []string{"NOAUTH", "state.redis.password"}, ""},
		"no rights":      {"", "reader", "reads", []string{"NOPERM", "state.redis.user", "evalsha"}, "ACL SETUSER reader +@all"},
		"TLS":            {"rediss://" + server.Addr(), "", "right", []string{"TLS", "redis://", "state.redis.url"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{URL: server.URL(), User: c.user, Password: account.NewSecret(c.password), Timing: Timing{Beat: 100 * time.Millisecond}}
			if c.url != "" {
				cfg.URL = c.url
			}
			s, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			g := state.NewGuard(s, memory.New(), state.GuardConfig{OnError: state.Closed, Pause: 50 * time.Millisecond, LongestPause: 50 * time.Millisecond})
			defer g.Close()
			status := until(t, g, func(s state.GuardStatus) bool { return !s.Up && s.Trouble != "" })
			for _, word := range c.want {
				if !strings.Contains(status.Trouble, word) {
					t.Errorf("%q does not tell of %s", status.Trouble, word)
				}
			}
			if c.mend == "" {
				return
			}
			admin(c.mend)
			until(t, g, func(s state.GuardStatus) bool { return s.Up && s.Trouble == "" && s.Replicas > 0 })
		})
	}
}

// do sends commands on one connection, and returns the answer to the last.
func do(t *testing.T, server *redistest.Server, commands ...string) (answer string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", server.Addr(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(c)
	for _, command := range commands {
		if _, err = fmt.Fprintf(c, "%s\r\n", command); err == nil {
			answer, err = in.ReadString('\n')
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return answer
}

// until waits for a status, with a bound that catches a hang.
func until(t *testing.T, g *state.Guard, is func(state.GuardStatus) bool) state.GuardStatus {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s := g.Status(); is(s) {
			return s
		}
	}
	t.Fatalf("it never came: %+v", g.Status())
	return state.GuardStatus{}
}
