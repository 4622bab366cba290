package redis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
)

func TestConfigProblems(t *testing.T) {
	const secret = "hunter2secret"
	for _, c := range []struct {
		name string
		cfg  Config
		want string // in the error; "" for none
	}{
		{"plain", Config{URL: "redis://localhost:6379/1"}, ""},
		{"password in the URL", Config{URL: "redis://user:" + secret + "@localhost:6379"}, ""},
		{"tls", Config{URL: "rediss://localhost", OnError: state.Closed}, ""},
		{"socket", Config{URL: "unix:///run/redis.sock"}, ""},
		{"sentinels", Config{URL: "redis://a:26379?master_name=main&addr=b:26379"}, ""},
		{"cluster", Config{URL: "redis://a:6379?addr=b:6379", Cluster: true}, ""},
		{"missing", Config{}, "state.redis.url: is missing"},
		{"another scheme", Config{URL: "http://user:" + secret + "@localhost"}, "state.redis.url: is not the URL of a Redis"},
		{"no URL at all", Config{URL: "redis://user:" + secret + "@local host:%%"}, "state.redis.url: is not the URL of a Redis"},
		{"an unknown option", Config{URL: "redis://user:" + secret + "@localhost?tint=" + secret}, "state.redis.url: has something that Redis does not take"},
		{"a bad database", Config{URL: "redis://user:" + secret + "@localhost/" + secret}, "state.redis.url: has something that Redis does not take"},
		{"sentinels and cluster", Config{URL: "redis://a?master_name=m", Cluster: true}, "leave out one of the two"},
		{"sentinels with an unknown option", Config{URL: "redis://user:" + secret + "@a?master_name=m&tint=red"}, "sentinels do not take"},
		{"cluster with an unknown option", Config{URL: "redis://user:" + secret + "@a?tint=red", Cluster: true}, "a cluster does not take"},
		{"on_error", Config{URL: "redis://a", OnError: "perhaps"}, "state.redis.on_error: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cfg.Validate("state.redis")
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(fmt.Sprintf("%+v %v", err, c.cfg.Password), secret) {
				t.Errorf("the error tells the password: %v", err)
			}
			if _, err := New(c.cfg); err == nil {
				t.Error("New takes what Validate refuses")
			}
		})
	}
}

// Nothing may be sent twice by the client library, and contexts must bound calls;
// what is set beside the URL wins.
func TestClientOptions(t *testing.T) {
	cfg := Config{URL: "rediss://inurl:inurl@localhost:6379/3", User: "heald", Password: account.NewSecret("beside")}
	client, err := cfg.client("x")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	o := client.(*redis.Client).Options()
	if o.Username != "heald" || o.Password != "beside" || o.DB != 3 || o.TLSConfig == nil || o.MaxRetries != 0 || !o.ContextTimeoutEnabled {
		t.Errorf("user %q, database %d, TLS %v, %d retries, contexts obeyed: %v", o.Username, o.DB, o.TLSConfig != nil, o.MaxRetries, o.ContextTimeoutEnabled)
	}
	cfg = Config{URL: "redis://a:1?addr=b:2", Cluster: true}
	if client, err = cfg.client("x"); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if o := client.(*redis.ClusterClient).Options(); len(o.Addrs) != 2 || !o.ContextTimeoutEnabled {
		t.Errorf("cluster options %v, contexts obeyed: %v", o.Addrs, o.ContextTimeoutEnabled)
	}
}
