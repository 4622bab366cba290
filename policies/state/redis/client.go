package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/url"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/setting"
)

// client returns a client that has not connected yet. Errors do not repeat the
// URL, which may have a password.
func (c *Config) client(path string) (redis.UniversalClient, error) {
	problem := func(found, fix string) error {
		return &setting.Problem{Path: path + ".url", Found: found, Fix: fix}
	}
	const example = "write redis://host:6379/0, or rediss:// for TLS"
	if c.URL == "" {
		return nil, problem("is missing", example)
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" && u.Scheme != "unix" || u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix" {
		return nil, problem("is not the URL of a Redis", example)
	}
	if c.Authorities != nil && u.Scheme != "rediss" {
		return nil, &setting.Problem{Path: path + ".ca", Found: "names authorities, but the URL has no TLS",
			Consequence: "nothing would be encrypted, and no certificate asked for", Fix: "write rediss:// in place of " + u.Scheme + "://, or leave ca out"}
	}
	const options = "only the options that go-redis knows may follow the question mark, as in ?master_name=NAME&addr=host:26379; the path is the number of a database"
	switch sentinel := u.Query().Has("master_name"); {
	case sentinel && c.Cluster:
		return nil, problem("names sentinels, and cluster is true", "a cluster needs no sentinels: leave out one of the two")
	case sentinel:
		o, err := redis.ParseFailoverURL(c.URL)
		if err != nil {
			return nil, problem("has something that sentinels do not take", options)
		}
		o.Username, o.Password = c.login(o.Username, o.Password)
		o.CredentialsProviderContext = c.renewing(o.Username)
		o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
		c.trust(o.TLSConfig)
		return redis.NewFailoverClient(o), nil
	case c.Cluster:
		o, err := redis.ParseClusterURL(c.URL)
		if err != nil {
			return nil, problem("has something that a cluster does not take", options)
		}
		o.Username, o.Password = c.login(o.Username, o.Password)
		o.CredentialsProviderContext = c.renewing(o.Username)
		o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
		o.MaintNotificationsConfig = quiet()
		c.trust(o.TLSConfig)
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, problem("has something that Redis does not take", options)
	}
	o.Username, o.Password = c.login(o.Username, o.Password)
	o.CredentialsProviderContext = c.renewing(o.Username)
	o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
	o.MaintNotificationsConfig = quiet()
	c.trust(o.TLSConfig)
	return redis.NewClient(o), nil
}

// trust sets which certificates are accepted; of is nil without TLS.
func (c *Config) trust(of *tls.Config) {
	if of != nil {
		of.MinVersion, of.RootCAs = tls.VersionTLS12, c.Authorities
	}
}

// login prefers the settings beside the URL.
func (c *Config) login(user, password string) (string, string) {
	return cmp.Or(c.User, user), cmp.Or(c.Password.Reveal(), password)
}

// renewing gives each new connection the current password; nil if it never
// changes. If it cannot be read, since its file is being replaced, the last one
// is used. Open connections stay logged in.
func (c *Config) renewing(user string) func(context.Context) (string, string, error) {
	if c.ReadPassword == nil {
		return nil
	}
	var last atomic.Pointer[account.Secret]
	last.Store(&c.Password)
	return func(context.Context) (string, string, error) {
		if p, err := c.ReadPassword(); err == nil {
			last.Store(&p)
		}
		return user, last.Load().Reveal(), nil
	}
}

// quiet keeps the client from asking for notifications that only a hosted Redis
// sends.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
