package bootstrap

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Params are what may differ from envoy.yaml. The zero value changes nothing
// but the access log, which is off.
type Params struct {
	// Listen is the outer listener's address, "127.0.0.1:0" for any free port;
	// "" keeps envoy.yaml's.
	Listen string
	// Admin is the address of Envoy's admin interface, "unix:///path" or
	// host:port; "" for none.
	Admin string
	// Stats is the address, host:port, of the listener that serves Envoy's metrics
	// and nothing else of the admin interface, which is then stats.yaml's unless
	// Admin is set; "" for none.
	Stats string
	// Sidecars are the addresses of heald's replicas: "127.0.0.1:9000",
	// "heald.example:9000" or "unix:///run/heald.sock". Empty keeps
	// envoy.yaml's.
	Sidecars []string
	// Backends are the providers. Empty keeps envoy.yaml's AI Studio.
	Backends []Backend
	// CAFile is the file of root certificates for https backends; "" keeps
	// envoy.yaml's.
	CAFile string
	// Attempts bounds the attempts of one request; 0 keeps envoy.yaml's.
	Attempts int
	// RetryAfter is the longest time that heald asks Envoy to wait between two
	// attempts; envoy.yaml's limit is raised to it.
	RetryAfter time.Duration
	// Wait is the longest time that heald may wait within one attempt, at most
	// an hour; envoy.yaml's message_timeout is raised above it.
	Wait time.Duration
	// Silence is the longest time that a healthy stream may be silent;
	// envoy.yaml's stream_idle_timeout is raised above it.
	Silence time.Duration
	// MaxBody bounds a request's body in bytes; 0 keeps envoy.yaml's.
	MaxBody int
	// BufferRequests makes Envoy send a request's body in one message
	// (BUFFERED), and not in parts as it arrives.
	BufferRequests bool
	// Policy is the value of x-heald-policy; "" keeps envoy.yaml's.
	Policy string
	// Hop is the secret that the outer route sends as x-heald-hop, and that the
	// listener for the rest of broken answers asks for; "" for none.
	Hop string
	// BufferLimit is per_connection_buffer_limit_bytes of all listeners and
	// clusters; 0 keeps envoy.yaml's. Bodies larger than that still pass.
	BufferLimit int
	// HeapLimit is Envoy's heap limit in bytes, at 95 % of which it accepts no
	// more requests; 0 keeps envoy.yaml's. At least 64 MiB, which an idle Envoy
	// takes.
	HeapLimit int
	// MaxConnections bounds the clients' connections; 0 keeps envoy.yaml's.
	MaxConnections int
	// RequestTimeout bounds the time in which a request must arrive whole;
	// 0 keeps envoy.yaml's.
	RequestTimeout time.Duration
	// Resume is the address of the listener through which heald fetches the
	// rest of broken answers, "unix:///path" or, with Hop, host:port; "" for
	// none.
	Resume string
	// AccessLog keeps envoy.yaml's access log on standard output.
	AccessLog bool
	// Lean leaves out what costs each request time and no answer needs:
	// statistics that neither heald nor its pages use, the access log of what
	// went well, the Lua filter of memory where StoreMemory says that no policy
	// needs it, and that of hedging unless Hedge.
	Lean bool
	// StoreMemory says that every policy keeps memory between attempts in the
	// store (memory: store). Only Lean uses it.
	StoreMemory bool
	// Hedge says that a policy has slow attempts sent twice. It counts for Lean
	// alone.
	Hedge bool
	// OTLP is the collector that Envoy sends its spans to, in plain text: host:port
	// or unix:///path for gRPC, http://host:port/path for HTTP; "" for no traces.
	OTLP string
	// Sampling is the percentage of requests without a traceparent that are
	// traced; 0 keeps envoy.yaml's. Only used with OTLP.
	Sampling float64
	// InitialMetadata is sent to heald with each stream: settings such as
	// x-heald-backends, by name.
	InitialMetadata map[string]string
}

// Backend is one provider: the name that heald knows it by, and where it is.
type Backend struct {
	Name string
	// URL is "https://host[:port]" or, for plain text, "http://host[:port]".
	URL string
	// Proxy is the CONNECT proxy on the way there, "http://host:port" or
	// "https://host:port"; "" for none.
	Proxy string
	// ProxyAuth is the variable of Envoy's environment that holds the value of
	// the header Proxy-Authorization; "" sends none.
	ProxyAuth string
}

// minHop is the least length of a hop secret. Whoever reaches the inner
// listener could guess short ones.
const minHop = 8

var (
	clusterName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._|:/-]{0,198}[A-Za-z0-9])?$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	headerName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,98}$`)
)

// reserved are the clusters of envoy.yaml that are not backends.
var reserved = []string{innerName, healdName, otlpName}

const (
	outerName = "outer"
	innerName = "inner"
	healdName = "heald"
)

// validate lists everything that is wrong with the parameters.
func (p *Params) validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, a := range []struct{ name, address string }{{"listen", p.Listen}, {"admin", p.Admin}, {"metrics", p.Stats}, {"resume", p.Resume}} {
		if a.address == "" {
			continue
		}
		if at, err := parseAddress(a.address); err != nil {
			add("%s: %w", a.name, err)
		} else if !at.ip && at.pipe == "" {
			add("%s: %q is a name; Envoy listens on IP addresses only, such as 127.0.0.1:10000", a.name, a.address)
		}
	}
	if p.Resume != "" && p.Hop == "" && !strings.HasPrefix(p.Resume, "unix://") {
		add("resume: %q is a port, which every process of this machine can connect to; use unix:///path, or set a hop secret", p.Resume)
	}
	if p.OTLP != "" {
		if _, _, err := parseCollector(p.OTLP); err != nil {
			add("otlp: %w", err)
		}
	}
	if !(p.Sampling >= 0 && p.Sampling <= 100) {
		add("sampling: %v is not between 0 and 100 percent", p.Sampling)
	}
	errs = append(errs, p.validateSidecars()...)
	errs = append(errs, p.validateBackends()...)
	if p.Attempts < 0 || p.Attempts > 100 {
		add("attempts: %d is not between 1 and 100 (0 keeps the default)", p.Attempts)
	}
	if p.Wait < 0 || p.Wait > longestMessage {
		add("wait: %s is longer than Envoy waits for heald, which is %s at most; lower max_wait", p.Wait, longestMessage)
	}
	if p.MaxBody < 0 || p.MaxBody > 1<<30 {
		add("max body: %d bytes is not between 1 and 1 GiB (0 keeps the default)", p.MaxBody)
	}
	if p.BufferLimit < 0 || p.BufferLimit > 1<<30 {
		add("buffer limit: %d bytes is not between 1 and 1 GiB (0 keeps the default)", p.BufferLimit)
	}
	if p.HeapLimit < 0 || p.HeapLimit > 0 && p.HeapLimit < 64<<20 {
		add("heap limit: %d bytes is less than 64 MiB (0 keeps the default)", p.HeapLimit)
	}
	if p.MaxConnections < 0 || p.MaxConnections > math.MaxInt32 {
		add("max connections: %d is not a positive number (0 keeps the default)", p.MaxConnections)
	}
	if p.RequestTimeout < 0 {
		add("request timeout: %s is negative (0 keeps the default)", p.RequestTimeout)
	}
	if !printable(p.Policy) {
		add("policy: %q has characters that cannot stand in a header", p.Policy)
	}
	if !printable(p.Hop) || p.Hop != "" && len(p.Hop) < minHop {
		add("hop: the secret needs at least %d printable ASCII characters", minHop)
	}
	for _, name := range sortedKeys(p.InitialMetadata) {
		if !headerName.MatchString(name) {
			add("initial metadata: %q is no name; use lower case letters, digits and hyphens", name)
		}
		if !printable(p.InitialMetadata[name]) {
			add("initial metadata %s: the value has characters that cannot stand in a header", name)
		}
	}
	return errors.Join(errs...)
}

func (p *Params) validateSidecars() []error {
	var errs []error
	pipes, names := false, false
	for i, s := range p.Sidecars {
		at, err := parseAddress(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("sidecars[%d]: %w", i, err))
			continue
		}
		if at.pipe == "" && at.port == 0 {
			errs = append(errs, fmt.Errorf("sidecars[%d]: %q has port 0; name the port that heald listens on", i, s))
		}
		pipes = pipes || at.pipe != ""
		names = names || at.pipe == "" && !at.ip
	}
	if pipes && names {
		errs = append(errs, errors.New("sidecars: Envoy cannot have host names and Unix sockets in one cluster; use IP addresses"))
	}
	return errs
}

func (p *Params) validateBackends() []error {
	var errs []error
	seen, taken := map[string]bool{}, map[string]string{}
	for _, b := range p.Backends {
		if b.Proxy != "" {
			taken[proxyClusterName(b.Name)] = b.Name
		}
	}
	for i, b := range p.Backends {
		switch {
		case taken[b.Name] != "":
			errs = append(errs, fmt.Errorf("backends[%d].name: %q is the cluster of %s's proxy; choose another name", i, b.Name, taken[b.Name]))
		case !clusterName.MatchString(b.Name):
			errs = append(errs, fmt.Errorf("backends[%d].name: %q is no cluster name; use letters, digits and hyphens", i, b.Name))
		case slices.Contains(reserved, b.Name):
			errs = append(errs, fmt.Errorf("backends[%d].name: %q is a cluster of heald itself; choose another name", i, b.Name))
		case b.Name == adminName && p.Stats != "":
			errs = append(errs, fmt.Errorf("backends[%d].name: %q is the cluster of Envoy's metrics; choose another name", i, b.Name))
		case seen[b.Name]:
			errs = append(errs, fmt.Errorf("backends[%d].name: %q is given twice", i, b.Name))
		}
		seen[b.Name] = true
		if _, err := parseEndpoint(b.URL); err != nil {
			errs = append(errs, fmt.Errorf("backends[%d].url: %w", i, err))
		}
		errs = append(errs, b.validateProxy(i))
	}
	return errs
}

func (b *Backend) validateProxy(i int) error {
	if b.Proxy == "" {
		return nil
	}
	if _, err := parseProxy(b.Proxy); err != nil {
		return fmt.Errorf("backends[%d].proxy: %w", i, err)
	}
	if b.ProxyAuth != "" && !variableName.MatchString(b.ProxyAuth) {
		return fmt.Errorf("backends[%d]: %q is no name of a variable", i, b.ProxyAuth)
	}
	return nil
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
