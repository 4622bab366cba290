package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// Flags are the command-line settings that scripts use instead of a file.
// Backends or accounts given as flags replace the file's.
type Flags struct {
	File string
	// ResumeVia, if set, replaces the file's resume_via: the command that
	// starts Envoy chooses its listeners.
	ResumeVia string
	// Listen replaces the file's listen, as far as it is set.
	Listen Listen
	// Hop, if set, replaces the file's hop_secret: the command that starts
	// Envoy gives it a new secret.
	Hop string
	// Public, if set, is where clients connect from other machines: there must
	// be keys, or auth: none.
	Public string
	// StartsEnvoy is for the command that starts Envoy: backends that name no
	// proxy use the environment's (HTTPS_PROXY, NO_PROXY), and the logins of
	// proxies are read.
	StartsEnvoy bool
	// LocalHosts refuses requests for host names that are not this machine's.
	LocalHosts bool

	backends []Backend
	accounts []Account
	keys     []Source
	// adminToken, if set, replaces the file's admin.token; adminOpen is admin.open.
	adminToken Source
	adminOpen  bool
	// errs are reported by Load: the flag package would repeat the value in
	// its error, and the value may be a credential pasted by mistake.
	errs []error
}

// Register adds the flags to a set.
func (f *Flags) Register(fs *pflag.FlagSet) {
	fs.StringVar(&f.File, "config", "", "read `FILE` (heald.yaml); without one, "+KeyVariable+" makes one account")
	fs.Func("backend", "add a backend, `NAME=KIND,URL[,key=value…]`, kind ai_studio or vertex; repeatable, in order of preference", func(s string) error {
		b, err := route.ParseBackend(s)
		if strings.HasSuffix(s, ",") { // an unset variable of a script, which must not become Google
			err = errors.New("--backend: the URL behind the comma is empty; write it, or leave the comma out for Google's own address")
		}
		f.backends, f.errs = append(f.backends, Backend{Backend: b}), append(f.errs, err)
		return nil
	})
	fs.Func("account", "add an account, `BACKEND=env:VAR|file:PATH`; repeatable, in order of preference", func(s string) error {
		a, err := parseAccount(s)
		f.accounts, f.errs = append(f.accounts, a), append(f.errs, err)
		return nil
	})
	fs.Func("client-key", "clients must send this API key, `env:VAR|file:PATH`; repeatable: any of them will do", func(s string) error {
		key, err := ParseSource(s)
		if err != nil {
			err = fmt.Errorf("--client-key: %w", err)
		}
		f.keys, f.errs = append(f.keys, key), append(f.errs, err)
		return nil
	})
}

// RegisterAdmin adds the flags that say who may ask the admin listener.
func (f *Flags) RegisterAdmin(fs *pflag.FlagSet) {
	fs.Func("admin-token", "requests there must have the token in `env:VAR|file:PATH`", func(s string) error {
		token, err := ParseSource(s)
		if err != nil {
			err = fmt.Errorf("--admin-token: %w", err)
		}
		f.adminToken, f.errs = token, append(f.errs, err)
		return nil
	})
	fs.BoolVar(&f.adminOpen, "admin-open", false, "allow an ADDRESS there that other machines reach, without a token")
}

func parseAccount(s string) (Account, error) {
	backend, source, ok := strings.Cut(s, "=")
	if !ok {
		return Account{}, errors.New("--account: want BACKEND=env:VARIABLE or BACKEND=file:PATH; a credential itself does not belong on a command line")
	}
	src, err := ParseSource(source)
	if err != nil {
		return Account{}, fmt.Errorf("--account %s=…: %w", redact.Text(redact.Bound(backend, 100)), err)
	}
	return Account{Backend: backend, Secret: src}, nil
}

// Load reads the file and applies the flags.
func (f *Flags) Load() (*Config, error) {
	if err := errors.Join(f.errs...); err != nil {
		return nil, err
	}
	c, err := Load(f.File)
	if err != nil {
		return nil, err
	}
	if len(f.backends) > 0 {
		c.Backends = append([]Backend(nil), f.backends...)
	}
	if len(f.accounts) > 0 {
		c.Accounts = append([]Account(nil), f.accounts...)
	}
	if len(f.keys) > 0 {
		c.ClientKeys = append([]Source(nil), f.keys...)
	}
	if f.ResumeVia != "" {
		c.ResumeVia = f.ResumeVia
	}
	c.Listen = c.Listen.over(f.Listen)
	if f.adminToken != (Source{}) {
		c.Admin.Token = f.adminToken
	}
	c.Admin.Open = c.Admin.Open || f.adminOpen
	c.hop, c.public, c.Browsers.LocalHosts, c.startsEnvoy = f.Hop, f.Public, f.LocalHosts, f.StartsEnvoy
	if len(f.backends) > 0 && len(f.accounts) == 0 && len(c.Accounts) == 0 {
		name := f.backends[0].Name
		return nil, fmt.Errorf("--backend %s has no account: add --account %s=env:VARIABLE or --account %s=file:PATH", name, name, name)
	}
	c.sumUp(c.text)
	return c, nil
}
