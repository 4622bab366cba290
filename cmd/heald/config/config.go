package config

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/resume"
)

// Config is heald.yaml.
type Config struct {
	Listen Listen `yaml:"listen"`
	// MaxBody bounds request bodies, in bytes; default 32 MiB. Envoy's
	// request_body_buffer_limit should not be larger.
	MaxBody int `yaml:"max_body"`
	// MemoryKey authenticates what attempts hand on; all replicas must share
	// it. Without one, each process makes its own, which suits one replica.
	MemoryKey Source `yaml:"memory_key"`
	// HopSecret is what the outer route sets as x-heald-hop; requests without
	// it are refused. Empty: every request is taken.
	HopSecret Source `yaml:"hop_secret"`

	Backends []exchange.Backend           `yaml:"backends"`
	Accounts []Account                    `yaml:"accounts"`
	Models   exchange.Models              `yaml:"models"`
	Policies map[string]exchange.Settings `yaml:"policies"`
	// ResumeVia is the Envoy listener through which the rest of broken
	// answers is fetched (resume: text), http://host:port or unix:///path;
	// default unix:///run/heald/resume.sock.
	ResumeVia string `yaml:"resume_via"`

	text []byte // what was read
	sum  [sha256.Size]byte
}

// Listen says where heald listens.
type Listen struct {
	// GRPC are the addresses for Envoy: host:port or unix:///path; default
	// 127.0.0.1:9000.
	GRPC []string `yaml:"grpc"`
	// Admin serves metrics, health and profiles; default 127.0.0.1:9001.
	Admin string `yaml:"admin"`
}

// Account is one credential usable at one backend.
type Account struct {
	// ID is shown in logs and headers; default "<backend>-<n>".
	ID      string         `yaml:"id"`
	Backend string         `yaml:"backend"`
	Secret  Source         `yaml:"secret"`
	Scheme  account.Scheme `yaml:"scheme"`
}

// Defaults.
const (
	DefaultGRPC    = "127.0.0.1:9000"
	DefaultAdmin   = "127.0.0.1:9001"
	DefaultMaxBody = 32 << 20

	// KeyVariable is the environment variable of the account that exists
	// without a file.
	KeyVariable = "GEMINI_API_KEY"
	// DefaultBackend is the name of its backend.
	DefaultBackend = "ai-studio"
)

// Load reads a file; path "" is the configuration without one.
func Load(path string) (*Config, error) {
	c := &Config{}
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		if c, err = Parse(data); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		c.text = data
	}
	c.setDefaults()
	return c, nil
}

// Parse decodes heald.yaml without defaults. Unknown keys are errors.
func Parse(data []byte) (*Config, error) {
	c := &Config{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := dec.Decode(&Config{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is a second YAML document; put everything into one")
	}
	return c, nil
}

func (c *Config) setDefaults() {
	if len(c.Listen.GRPC) == 0 {
		c.Listen.GRPC = []string{DefaultGRPC}
	}
	if c.Listen.Admin == "" {
		c.Listen.Admin = DefaultAdmin
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
}

// complete adds the account that GEMINI_API_KEY means where nothing else is
// configured, and numbers the accounts that have no id.
func (c *Config) complete(getenv func(string) string) {
	if len(c.Backends) == 0 && len(c.Accounts) == 0 && getenv(KeyVariable) != "" {
		c.Backends = []exchange.Backend{{Name: DefaultBackend, Kind: exchange.AIStudio}}
		c.Accounts = []Account{{Backend: DefaultBackend, Secret: Source{Env: KeyVariable}}}
	}
	numbers := map[string]int{}
	for i := range c.Accounts {
		a := &c.Accounts[i]
		numbers[a.Backend]++
		if a.ID == "" {
			a.ID = fmt.Sprintf("%s-%d", a.Backend, numbers[a.Backend])
		}
	}
}

// Exchange resolves the secrets and composes the exchange's configuration.
// The error lists every fault with its path.
func (c *Config) Exchange() (exchange.Config, error) {
	c.complete(os.Getenv)
	var errs []error
	if len(c.Backends) == 0 && len(c.Accounts) == 0 {
		errs = append(errs, fmt.Errorf("no account: set %s, pass --backend and --account, or list backends and accounts in heald.yaml", KeyVariable))
	}
	if c.MaxBody < 1 {
		errs = append(errs, fmt.Errorf("max_body: %d is not a positive number of bytes", c.MaxBody))
	}
	out := exchange.Config{Backends: c.Backends, Models: c.Models, Policies: c.Policies, MaxBody: c.MaxBody, ResumeVia: c.ResumeVia}
	for i := range out.Backends {
		out.Backends[i] = out.Backends[i].WithDefaults()
	}
	for i, a := range c.Accounts {
		secret, err := a.Secret.Read(fmt.Sprintf("accounts[%d].secret", i))
		errs = append(errs, err)
		if s := a.Scheme; s != "" && s != account.APIKey && s != account.Bearer {
			errs = append(errs, fmt.Errorf("accounts[%d].scheme: %q is neither %q nor %q", i, s, account.APIKey, account.Bearer))
		}
		out.Accounts = append(out.Accounts, account.Account{
			ID: a.ID, Backend: a.Backend, Scheme: a.Scheme, Secret: account.NewSecret(secret),
		})
	}
	key, err := c.MemoryKey.optional("memory_key")
	errs = append(errs, err)
	hop, err := c.HopSecret.optional("hop_secret")
	errs = append(errs, err)
	out.Hop = hop
	if key != "" {
		out.MemoryKeys = [][]byte{[]byte(key)}
	}
	return out, errors.Join(errs...)
}

// Settings are those of every policy, with defaults, the default policy among
// them.
func (c *Config) Settings() map[string]exchange.Settings {
	out := map[string]exchange.Settings{exchange.DefaultPolicy: exchange.DefaultSettings()}
	for name, s := range c.Policies {
		out[name] = s.WithDefaults()
	}
	return out
}

// Resumes returns the listener through which the rest of broken answers is
// fetched; "" if no policy resumes and none is named for routes that do.
func (c *Config) Resumes() string {
	for _, s := range c.Settings() {
		if s.Resumes() {
			return cmp.Or(c.ResumeVia, resume.DefaultVia)
		}
	}
	return c.ResumeVia
}

// Validate checks the whole file as a start would, without starting anything.
func (c *Config) Validate() error {
	x, err := c.Exchange()
	if err != nil {
		return err
	}
	_, err = exchange.New(x, exchange.Deps{})
	return err
}
