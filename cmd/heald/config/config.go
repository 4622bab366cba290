package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/account/credential"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/setting"
)

// Config is heald.yaml.
type Config struct {
	// Mode says what Envoy is like: "two_hops" (default), with a listener that
	// repeats attempts; or "one_hop", without, for hosts of ext_proc that have a
	// single listener (envoy/onehop.md). Then each request is one attempt, whose
	// error clients may repeat, and attempts, hedge, resume and memory: store are
	// refused.
	Mode string `yaml:"mode"`
	// Listen says where heald listens, and how.
	Listen Listen `yaml:"listen"`
	// Admin says who may ask the admin listener.
	Admin Admin `yaml:"admin"`
	// MaxBody bounds request bodies, compressed and inflated; default 32 MiB.
	// Envoy's request_body_buffer_limit should be the same.
	MaxBody int `yaml:"max_body" unit:"bytes"`
	// Memory bounds what the process uses.
	Memory Memory `yaml:"memory"`
	// MemoryKey authenticates what attempts and conversations pass on, at least 32
	// bytes (head -c 32 /dev/urandom | base64); all replicas must share it. Of
	// several, the first seals and all open. Default: each process makes its own,
	// which suits one replica.
	MemoryKey Sources `yaml:"memory_key"`
	// HopSecret is what the outer route sends as x-heald-hop and only that route
	// knows, at least 16 bytes; requests without it are refused before anything
	// else. Default: none, every request is accepted.
	HopSecret Source `yaml:"hop_secret"`
	// ClientKeys are the API keys of which every client must send one, each at
	// least 16 characters. Default: none, clients need no key.
	ClientKeys []Source `yaml:"client_keys"`
	// Tenants are who may call, each with keys and limits of its own.
	Tenants []Tenant `yaml:"tenants"`
	// TenantsDir is a directory with more tenants, one file NAME.yaml each,
	// such as a mounted Kubernetes Secret. It is watched.
	TenantsDir string `yaml:"tenants_dir"`
	// Auth is "none" to confirm that everybody may call if there are neither
	// tenants nor client_keys. heald up then also listens where other machines
	// can connect.
	Auth string `yaml:"auth"`
	// Browsers say which web pages may send requests if no client key is
	// needed.
	Browsers exchange.Browsers `yaml:"browsers"`

	// Backends are the upstream endpoints, in order of preference. Default: with
	// GEMINI_API_KEY in the environment, and no accounts, AI Studio as ai-studio.
	Backends []Backend `yaml:"backends"`
	// Accounts are credentials, in order of preference. Default: GEMINI_API_KEY at
	// the default backend.
	Accounts []Account `yaml:"accounts"`
	// Models say which upstream models the clients' names stand for.
	Models route.Models `yaml:"models"`
	// Policies are settings by the name of a policy. A route chooses one with the
	// header x-heald-policy; routes that name none have "default".
	Policies map[string]route.Settings `yaml:"policies"`
	// ResumeVia is the Envoy listener through which the rest of broken answers
	// (resume: text) and lists of models are fetched, unix:///path, or
	// http://host:port, which needs hop_secret; default unix:///run/heald/resume.sock
	// if a policy resumes, else none. heald up has its own.
	ResumeVia string `yaml:"resume_via" text:"address"`
	// State says what replicas share.
	State State `yaml:"state"`
	// Log says which lines are logged.
	Log Log `yaml:"log"`
	// Record says where records of attempts and requests go.
	Record Record `yaml:"record"`
	// Prices are what models cost if the built-in list does not know them, or
	// you pay another price: US dollars per million tokens.
	Prices price.Config `yaml:"prices"`

	text     []byte   // what was read
	inFiles  []Tenant // those of TenantsDir
	tenanted []byte   // the text of those files
	sum      Sum

	hop    string // replaces HopSecret; "" does not
	public string // where clients connect from other machines; "" if they do not
	// startsEnvoy says that this process starts Envoy and tells it its proxies.
	startsEnvoy bool

	tokens func(*credential.Source) account.Tokens // nil: nothing is fetched
}

// Account is one credential usable at one backend.
type Account struct {
	// ID is shown in logs and headers; default BACKEND-N, N counting from 1.
	ID string `yaml:"id"`
	// Backend is the name of the backend that takes the credential.
	Backend string `yaml:"backend"`
	// Secret is an API key, or an access token that somebody else renews. A file
	// is watched.
	Secret Source `yaml:"secret"`
	// Scheme says how the secret is sent: api_key (default) or bearer.
	Scheme account.Scheme `yaml:"scheme"`
	// Credential is a Google credential from which heald makes access tokens, in
	// place of secret and scheme.
	Credential credential.Config `yaml:"credential"`
	Quota      `yaml:",inline"`
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
		data, err := readFile(path)
		if err != nil {
			return nil, &setting.Problem{Path: shown(path), Found: "the file " + fileFault(err), Fix: "name a file that heald may read"}
		}
		if c, err = Parse(data); err != nil {
			return nil, err
		}
		c.text = data
	}
	if err := c.readTenants(); err != nil {
		return nil, err
	}
	c.setDefaults()
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
	c.Record.setDefaults()
}

// complete adds the account of GEMINI_API_KEY if nothing else is configured,
// and numbers the accounts that have no id.
func (c *Config) complete(getenv func(string) string) {
	if len(c.Backends) == 0 && len(c.Accounts) == 0 && getenv(KeyVariable) != "" {
		c.Backends = []Backend{{Backend: route.Backend{Name: DefaultBackend, Kind: route.AIStudio}}}
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

// Exchange resolves the secrets and composes the exchange's configuration. The
// error lists every problem with its path.
func (c *Config) Exchange() (exchange.Config, error) {
	c.complete(os.Getenv)
	var errs []error
	bad := func(path, found, fix string) {
		errs = append(errs, &setting.Problem{Path: path, Found: found, Fix: fix})
	}
	if len(c.Backends) == 0 && len(c.Accounts) == 0 {
		bad("accounts", "no account", "set "+KeyVariable+", pass --backend and --account, or list backends and accounts in heald.yaml")
	}
	if c.MaxBody < 1 {
		bad("max_body", fmt.Sprintf("%d is not a positive number of bytes", c.MaxBody), "leave the line out for 32 MiB")
	}
	_, err := c.Access()
	errs = append(errs, err, c.checkMode(), c.Admin.CheckAt(c.Listen.Admin), c.Memory.validate(), c.Log.validate(), c.State.validate(), c.Record.validate(c.State.Shared()))
	errs = append(errs, c.Prices.Validate("prices")...)
	out := exchange.Config{Models: c.Models, Policies: c.Policies, MaxBody: c.MaxBody, ResumeVia: c.ResumeVia, LogSample: c.Log.Sample, OneHop: c.OneHop()}
	for i := range c.Backends {
		c.Backends[i].Backend = c.Backends[i].WithDefaults()
	}
	errs = append(errs, c.completeProxies())
	for i := range c.Backends {
		out.Backends = append(out.Backends, c.Backends[i].Backend)
	}
	for i, a := range c.Accounts {
		path := fmt.Sprintf("accounts[%d]", i)
		made, err := c.account(a, path)
		errs = append(append(errs, err), a.validate(path)...)
		a.use(&made)
		out.Accounts = append(out.Accounts, made)
	}
	keys, problems := c.memoryKeys()
	errs = append(errs, problems...)
	out.MemoryKeys = keys
	return out, errors.Join(append(errs, c.door(&out))...)
}

// door composes who may ask.
func (c *Config) door(out *exchange.Config) error {
	var errs []error
	out.Browsers, out.Hop = c.Browsers, c.hop
	if out.Hop == "" {
		var err error
		out.Hop, err = c.HopSecret.shared("hop_secret")
		errs = append(errs, err)
	}
	errs = append(errs, c.Listen.Check(out.Hop != "" || c.HopSecret != Source{}))
	keys, problems := c.clientKeys()
	registry, err := c.registry(keys)
	out.Tenants, out.ClientKeys, errs = registry, append(keys, c.chosenKeys()...), append(errs, problems...)
	return errors.Join(append(errs, err, c.checkAuth())...)
}

// Notes lists settings that work, but hardly as intended. The configuration must
// be valid.
func (c *Config) Notes() []*setting.Problem {
	out := append(c.Listen.notes(c.hop != "" || c.HopSecret != Source{}), c.Admin.notes(c.Listen.Admin)...)
	for i, a := range c.Accounts {
		path := fmt.Sprintf("accounts[%d].secret", i)
		if !a.Credential.Empty() {
			out = append(out, a.Credential.Notes(fmt.Sprintf("accounts[%d].credential", i))...)
			continue
		}
		if v, err := a.Secret.Read(path); err == nil && len(v) < leastCredential {
			out = append(out, &setting.Problem{Note: true, Path: path,
				Found:       fmt.Sprintf("the credential has %d bytes, fewer than any provider's", len(v)),
				Consequence: "the provider will refuse it", Fix: "check the variable or file it comes from"})
		}
	}
	out = append(append(append(out, c.noteAccounts()...), c.noteQuotas()...), c.noteTenants()...)
	out = append(append(out, c.noteStore()...), c.noteMode()...)
	settings := c.Settings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := settings[name]
		out = append(out, s.Notes("policies."+name)...)
		if s.StoresMemory() && !c.State.Shared() {
			out = append(out, &setting.Problem{Note: true, Path: "policies." + name + ".memory",
				Found:       "store, and state.redis is not set, so the store is this process's own",
				Consequence: "that is fine with one replica; with several, the next attempt knows nothing of the one before if another replica gets it", Fix: "set state.redis, or memory: header"})
		}
	}
	return out
}

// Settings are those of every policy, with defaults, the default policy among
// them.
func (c *Config) Settings() map[string]route.Settings {
	out := map[string]route.Settings{route.DefaultPolicy: route.DefaultSettings()}
	for name, s := range c.Policies {
		out[name] = s.WithDefaults()
	}
	if c.OneHop() {
		for name, s := range out {
			out[name] = s.InOneHop()
		}
	}
	return out
}

// Resumes returns the listener through which the rest of broken answers and
// lists of models are fetched; "" if no policy resumes and no listener is
// named.
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
	err = errors.Join(err, c.Record.checkFiles())
	if c.Listen.TLS != nil {
		_, bad := c.Listen.TLS.Load()
		err = errors.Join(err, bad)
	}
	return err
}
