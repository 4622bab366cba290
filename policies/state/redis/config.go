package redis

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/state"
)

// Config is the section state.redis of heald.yaml.
type Config struct {
	// URL is where Redis is: redis://host:6379/0, or rediss:// with TLS. Sentinels
	// are named by redis://sentinel:26379?master_name=NAME&addr=other:26379, nodes
	// of a cluster by redis://node:6379?addr=other:6379 and Cluster. Required.
	URL string `yaml:"url"`
	// Cluster says that URL names nodes of a cluster. Default false.
	Cluster bool `yaml:"cluster"`
	// User is the ACL user; the one of URL, or Redis's default user, if empty.
	User string `yaml:"user"`
	// Password is the user's; the one of URL if empty. heald.yaml names where it
	// is read from.
	Password account.Secret `yaml:"-"`
	// Pool tells apart what shares one Redis: replicas with one pool share
	// accounts. Default "default".
	Pool string `yaml:"pool"`
	// OnError says what happens while Redis cannot be reached: state.Open, the
	// default, or state.Closed.
	OnError state.OnError `yaml:"on_error"`

	// Metrics are the process's; nil counts nothing.
	Metrics *Metrics `yaml:"-"`
	// Timing is for tests.
	Timing Timing `yaml:"-"`
}

// Timing are the store's intervals; 0 is the default of each.
type Timing struct {
	// Beat is how often a replica says that it lives. Default 5 s.
	Beat time.Duration
	// Silent is after how long without a heartbeat a replica's slots are given
	// back. Default 15 s.
	Silent time.Duration
	// Gone is for how long after that a replica is thought to work by itself,
	// with its part of the limits: the others leave that part to it. That must be
	// longer than the longest pause after which its guard asks again, with the calls
	// around it. Default 75 s; with Closed there is no such part.
	Gone time.Duration
	// SnapshotAge is how old a snapshot may be. Default state.SnapshotAge.
	SnapshotAge time.Duration
	// Background bounds heartbeats and settlements. Default 1 s.
	Background time.Duration

	// now is ARGV[1] of every script: "" for Redis's own clock, the default, or
	// microseconds.
	now func() string
	// byHand is for tests that call Beat themselves: no heartbeat comes by itself.
	byHand bool
}

func (t Timing) withDefaults() Timing {
	now := t.now
	if now == nil {
		now = func() string { return "" }
	}
	return Timing{
		now:         now,
		byHand:      t.byHand,
		Beat:        cmp.Or(t.Beat, 5*time.Second),
		Silent:      cmp.Or(t.Silent, 15*time.Second),
		Gone:        cmp.Or(t.Gone, 75*time.Second),
		SnapshotAge: cmp.Or(t.SnapshotAge, state.SnapshotAge),
		Background:  cmp.Or(t.Background, time.Second),
	}
}

// timing are the intervals. Replicas that are Closed have no part when gone.
func (c *Config) timing() Timing {
	t := c.Timing.withDefaults()
	if c.OnError == state.Closed {
		t.Gone = 0
	}
	return t
}

// Validate lists what is wrong with the section; path is its place, as in
// state.redis.
func (c *Config) Validate(path string) error {
	client, err := c.client(path)
	if err == nil {
		err = client.Close() // it never connected
	}
	return errors.Join(err, c.OnError.Validate(path+".on_error"))
}

// client returns a client that has not connected yet. No error tells the URL,
// which may have a password.
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
		o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
		return redis.NewFailoverClient(o), nil
	case c.Cluster:
		o, err := redis.ParseClusterURL(c.URL)
		if err != nil {
			return nil, problem("has something that a cluster does not take", options)
		}
		o.Username, o.Password = c.login(o.Username, o.Password)
		o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
		o.MaintNotificationsConfig = quiet()
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, problem("has something that Redis does not take", options)
	}
	o.Username, o.Password = c.login(o.Username, o.Password)
	o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
	o.MaintNotificationsConfig = quiet()
	if o.TLSConfig != nil {
		o.TLSConfig.MinVersion = tls.VersionTLS12
	}
	return redis.NewClient(o), nil
}

// login prefers what is set beside the URL.
func (c *Config) login(user, password string) (string, string) {
	return cmp.Or(c.User, user), cmp.Or(c.Password.Reveal(), password)
}

// quiet keeps the client from asking for notifications that only a hosted Redis
// sends.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// pool is the pool's name.
func (c *Config) pool() string { return cmp.Or(strings.TrimSpace(c.Pool), "default") }
