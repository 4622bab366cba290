package config

import (
	"crypto/x509"
	"errors"
	"net/url"
	"os"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis"
)

// State says through which store replicas share slots, limits, cooldowns and
// budgets. Without it, each process only knows its own. Changes here take
// effect after a restart.
type State struct {
	// Redis holds slots, limits, cooldowns and budgets for all replicas.
	Redis *Redis `yaml:"redis"`
}

// Redis is a Redis server, its sentinels, or the nodes of a cluster.
type Redis struct {
	// URL is as in redis://host:6379/0, or rediss:// with TLS; default: the
	// environment variable REDIS_URL. With ?master_name=NAME&addr=host:26379 it
	// names sentinels.
	URL string `yaml:"url" text:"address" secret:"state.redis.password"`
	// Cluster says that URL names nodes of a cluster.
	Cluster bool `yaml:"cluster"`
	// User is the ACL user; default: Redis's default user.
	User string `yaml:"user"`
	// Password is the user's. Default: none. A file is read for each new
	// connection, so it may change while heald runs.
	Password Source `yaml:"password"`
	// CA is a PEM file of the authorities whose certificates are accepted with
	// rediss://; default: those of the system.
	CA string `yaml:"ca"`
	// Pool separates groups of replicas that use one Redis: replicas with the
	// same pool share accounts. Default: "default".
	Pool string `yaml:"pool"`
	// OnError says what happens while Redis cannot be reached: "open" (default;
	// each replica works with its part of the limits) or "closed" (requests are
	// refused).
	OnError string `yaml:"on_error"`
}

// URLVariable is the environment variable of state.redis.url.
const URLVariable = "REDIS_URL"

// Shared reports whether replicas share a store.
func (s *State) Shared() bool { return s.Redis != nil }

func (s *State) validate() error {
	if s.Redis == nil {
		return nil
	}
	_, err := s.Redis.Config()
	return err
}

// authorities reads a PEM file of certificates.
func authorities(path, file string) (*x509.CertPool, error) {
	pem, err := readFile(file)
	if err != nil {
		return nil, &setting.Problem{Path: path, Found: "file " + shown(file) + " " + fileFault(err), Fix: "name a PEM file that heald may read"}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &setting.Problem{Path: path, Found: "file " + shown(file) + " holds no certificate",
			Fix: "name the PEM file of the authority that signed Redis's certificate: it has lines of -----BEGIN CERTIFICATE-----"}
	}
	return pool, nil
}

// Config resolves the section. The error lists every fault with its path.
func (r *Redis) Config() (redis.Config, error) {
	var errs []error
	c := redis.Config{URL: r.URL, Cluster: r.Cluster, User: r.User, Pool: r.Pool, OnError: state.OnError(r.OnError)}
	if c.URL == "" {
		c.URL = os.Getenv(URLVariable)
	} else if u, err := url.Parse(c.URL); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			errs = append(errs, &setting.Problem{Path: "state.redis.url", Found: "there is a password in it", Consequence: exposed,
				Fix: "write it as state.redis.password: {env: VARIABLE} or {file: /path}, or leave url out and set " + URLVariable})
		}
	}
	password, err := r.Password.optional("state.redis.password")
	c.Password = account.NewSecret(password)
	if r.Password.File != "" {
		c.ReadPassword = func() (account.Secret, error) {
			password, err := r.Password.Read("state.redis.password")
			return account.NewSecret(password), err
		}
	}
	if r.CA != "" {
		var bad error
		c.Authorities, bad = authorities("state.redis.ca", r.CA)
		errs = append(errs, bad)
	}
	if c.URL == "" {
		errs = append(errs, &setting.Problem{Path: "state.redis.url", Found: "is missing, and " + URLVariable + " is not set", Fix: "write redis://host:6379/0, or rediss:// for TLS"})
		return c, errors.Join(append(errs, err)...)
	}
	return c, errors.Join(append(errs, err, c.Validate("state.redis"))...)
}
