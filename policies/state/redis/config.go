package redis

import (
	"cmp"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/account"
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
	// ReadPassword, if not nil, reads the password anew for each connection, so
	// that it may change while heald runs.
	ReadPassword func() (account.Secret, error) `yaml:"-"`
	// Authorities are those whose certificates are taken with rediss://; nil for
	// the system's. heald.yaml names their file.
	Authorities *x509.CertPool `yaml:"-"`
	// Pool separates deployments that share one Redis: replicas with one pool
	// share accounts. Default "default".
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
	// Beat is the interval of heartbeats. Default 5 s.
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
	// byHand is for tests that call Beat themselves: there are no automatic
	// heartbeats.
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

// pool is the pool's name.
func (c *Config) pool() string { return cmp.Or(strings.TrimSpace(c.Pool), "default") }
