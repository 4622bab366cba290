package redis

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/authority"
)

func poolOf(t *testing.T, a *authority.Authority) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(a.File)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate: ", err)
	}
	return pool
}

// serverOf starts a server with a certificate of an authority.
func serverOf(t *testing.T, a *authority.Authority) *redistest.Server {
	t.Helper()
	cert, key := a.Issue("redis")
	return redistest.StartTLS(t, a.File, cert, key)
}

// ping asks the server once, on a client of its own.
func ping(t *testing.T, cfg Config) error {
	t.Helper()
	client, err := cfg.client("state.redis")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client.Ping(ctx).Err()
}

// A certificate counts only if one of the configured authorities has signed it.
func TestAuthorities(t *testing.T) {
	ours, theirs := authority.New(t), authority.New(t)
	server := serverOf(t, ours)
	if err := ping(t, Config{URL: server.URL(), Authorities: poolOf(t, ours)}); err != nil {
		t.Errorf("its own authority: %v", err)
	}
	for name, pool := range map[string]*x509.CertPool{"another authority": poolOf(t, theirs), "the system's": nil} {
		var unknown x509.UnknownAuthorityError
		if err := ping(t, Config{URL: server.URL(), Authorities: pool}); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := Config{URL: strings.Replace(server.URL(), "rediss", "redis", 1), Authorities: poolOf(t, ours)}
	if err := plain.Validate("state.redis"); err == nil || !strings.Contains(err.Error(), "state.redis.ca: names authorities, but the URL has no TLS") {
		t.Errorf("without TLS: %v", err)
	}
	for _, cfg := range []Config{{URL: "rediss://a:1?addr=b:2", Cluster: true}, {URL: "rediss://a:1?master_name=m"}} {
		cfg.Authorities = poolOf(t, ours)
		client, err := cfg.client("x")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		switch c := client.(type) {
		case *redis.ClusterClient:
			if c.Options().TLSConfig.RootCAs != cfg.Authorities {
				t.Error("nodes of a cluster are not asked for its certificates")
			}
		case *redis.Client:
			if c.Options().TLSConfig.RootCAs != cfg.Authorities {
				t.Error("a master behind sentinels is not asked for its certificates")
			}
		}
	}
}

// A password that changes is shown by the connections that begin then, through
// TLS as well; one that cannot be read just now is the last one.
func TestPasswordIsRenewed(t *testing.T) {
	a := authority.New(t)
	server := serverOf(t, a)
	server.Must("ACL SETUSER heald on >first ~* &* +@all")
	var now atomic.Pointer[string]
	set := func(s string) { now.Store(&s) }
	set("first")
	cfg := Config{URL: server.URL(), User: "heald", Password: account.NewSecret("first"), Authorities: poolOf(t, a),
		ReadPassword: func() (account.Secret, error) {
			if *now.Load() == "" {
				return account.Secret{}, errors.New("cannot be read")
			}
			return account.NewSecret(*now.Load()), nil
		}}
	client, err := cfg.client("state.redis")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	works := func(when string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := client.Ping(ctx).Err(); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	disconnect := func() {
		server.Must("CLIENT KILL TYPE normal SKIPME yes")
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = client.Ping(ctx) // finds the connection closed
	}
	works("at first")
	set("second")
	server.Must("ACL SETUSER heald resetpass >second")
	works("on the connection that there is")
	disconnect()
	works("on a new one with the new password")
	set("")
	disconnect()
	works("while it cannot be read")
	set("wrong")
	disconnect()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "wrong ") {
		t.Errorf("with a wrong password: %v", err)
	}
}
