package route

import (
	"sort"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/hedge"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// DefaultPolicy is the policy of routes that name none.
const DefaultPolicy = "default"

// Settings are what a named policy in heald.yaml sets, and what a route may
// override with the header x-heald-set. The zero value of a field means its
// default.
type Settings struct {
	// Attempts bounds the upstream calls of one request; default 3. Envoy's
	// num_retries must be at least one less, and should be one more.
	Attempts int `yaml:"attempts" unit:"calls"`
	// Deadline bounds the request from its first attempt until the answer begins,
	// of a document until it is whole; default 10m.
	Deadline time.Duration `yaml:"deadline"`
	// MaxWait is the longest delay asked for by the upstream that is waited for;
	// default 10s. It is waited for only where nothing else is ready, or once where
	// only another model of the chain is. max_interval of Envoy's
	// rate_limited_retry_back_off and message_timeout of the filter must be at
	// least as long (an hour is Envoy's limit); heald envoy and heald up see to
	// that.
	MaxWait time.Duration `yaml:"max_wait"`
	// QueueWait is how long a request that was not tried yet may wait for an
	// account where none is ready: for a slot, a rate limit, or a cooldown that is
	// soon over; default 30s. A later attempt waits no longer than MaxWait.
	// message_timeout of Envoy's filter must be longer.
	QueueWait time.Duration `yaml:"queue_wait"`
	// IdleTimeout ends a passed stream on which the upstream was silent for so
	// long with an error event; default 5m. What tells nothing of the answer is
	// silence too: heartbeats, empty deltas, frames with nothing but token counts.
	// Be generous: a slow client looks like a silent upstream.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// MaxStream bounds a stream from the client's first byte on; default 1h. Then
	// it is ended with an error event.
	MaxStream time.Duration `yaml:"max_stream"`
	// Ping is how long a client may hear nothing before it gets a keep-alive of
	// its API, one that it counts; default 15s. That is the event ping (Anthropic),
	// an empty delta (Chat), the event keepalive (Responses), or blank lines
	// (Gemini).
	Ping time.Duration `yaml:"ping"`

	// Peek bounds what is held of a reply until it is known to be good.
	Peek PeekSettings `yaml:"peek"`
	// Thinking says what becomes of thoughts.
	Thinking ThinkingSettings `yaml:"thinking"`
	// Local says which side requests of coding agents are answered here, without
	// upstream.
	Local LocalSettings `yaml:"local"`
	// Allow says what clients may have done with the accounts' rights. Lists are
	// written with spaces in x-heald-set.
	Allow allow.Rules `yaml:"allow"`

	// RepairPrompt tells the model that earlier reasoning was removed; "none" for
	// no prompt.
	RepairPrompt string `yaml:"repair_prompt" text:"sentence"`
	// Wait says who waits between attempts: "envoy" (default; most of the whole
	// seconds, from x-heald-retry-after) or "heald" (at the start of the next attempt,
	// for meshes whose outer route cannot).
	Wait string `yaml:"wait"`
	// Memory says where an attempt leaves what the next one must know: "header"
	// (default; a few lines of Lua on the outer route carry it) or "store", the
	// state store, which then counts the attempts as well, for meshes whose outer
	// route can do neither. Replicas must share the store. It needs x-request-id,
	// not x-envoy-attempt-count.
	Memory string `yaml:"memory"`
	// ReservedStatus are HTTP statuses that only a dead replica or Envoy itself may
	// show, such as [502, 503, 504, 507], for an outer route that can retry by status
	// alone; default: none. heald replaces them in all of its replies, with others
	// that clients take the same way: 503 becomes 529 for Anthropic's clients, and 500
	// or 429 for all others. In x-heald-set they are written with
	// spaces, or none.
	ReservedStatus []int `yaml:"reserved_status" unit:"-"`
	// UpstreamStream says when upstream is asked for a stream: "always"
	// (default; the quota of streams is looser, and an empty answer shows
	// early), or "as_client", only where the client wants one. peek.timeout is
	// then the time that a whole document may take. It costs 5 % less, and an empty
	// answer is only known at its end.
	UpstreamStream string `yaml:"upstream_stream"`
	// Authority says who sets :authority: "heald" (default) or "route".
	Authority string `yaml:"authority"`
	// Strict refuses, naming the field, what would only be warned about.
	Strict bool `yaml:"strict"`
	// StrictModel forbids to go on to another model along a chain of
	// models.aliases; other backends and tiers of the same model are still asked.
	StrictModel bool `yaml:"strict_model"`
	// Resume is "off" (default) or "text": where a stream breaks off in the
	// text of an answer, the rest is fetched with a request of its own, which
	// is billed as well. It needs the listener of envoy/resume.yaml.
	Resume string `yaml:"resume"`
	// Hedge is after how long without the provider's headers the first attempt
	// of a request is sent a second time, which is billed as well: a duration
	// such as "2s", or a percentile of the times that this replica has seen for
	// the model at the backend, "p50" to "p99". "off" (default) for never.
	Hedge string `yaml:"hedge"`
}

// PeekSettings bound the peek at a reply before it is passed on.
type PeekSettings struct {
	// Timeout is the absolute deadline for content, from request sent;
	// default 60s. Heartbeats do not extend it.
	Timeout time.Duration `yaml:"timeout"`
	// MaxBytes is how much is held back; default 1 MiB.
	MaxBytes int `yaml:"max_bytes" unit:"bytes"`
}

// ThinkingSettings say what happens to thoughts.
type ThinkingSettings struct {
	// History is "drop" (default): thoughts of earlier turns do not go
	// upstream; or "keep": those that heald itself sealed do.
	History string `yaml:"history"`
}

// LocalSettings say which side requests of coding agents are answered without
// upstream; none by default. A title made here is the first words of the
// conversation, so switch it on where quota is short.
type LocalSettings struct {
	// Warmup answers a last user message that is exactly "Warmup", Claude Code's
	// probe of the quota that wants one token, and max_tokens: 0.
	Warmup bool `yaml:"warmup"`
	// Title makes titles for Claude Code, of the conversation's first words.
	Title bool `yaml:"title"`
	// Topic answers Claude Code's question whether a topic is new, with no.
	Topic bool `yaml:"topic"`
}

// memoryInStore is the value of Settings.Memory that needs no header.
const memoryInStore = "store"

// asClient is the value of Settings.UpstreamStream that asks for documents
// where clients want them.
const asClient = "as_client"

// resumeText is the value of Settings.Resume that resumes answers.
const resumeText = "text"

// DefaultRepairPrompt is appended to the last user turn when reasoning was
// removed from the history.
const DefaultRepairPrompt = "Note: an earlier reasoning block of this conversation could not be verified and was removed. Continue with the task as it stands, from the visible messages."

// DefaultSettings are the settings of a policy that sets nothing.
func DefaultSettings() Settings {
	return Settings{
		Attempts: 3, Deadline: 10 * time.Minute, MaxWait: 10 * time.Second, QueueWait: 30 * time.Second,
		IdleTimeout: 5 * time.Minute, MaxStream: time.Hour, Ping: 15 * time.Second,
		Peek:         PeekSettings{Timeout: time.Minute, MaxBytes: 1 << 20},
		Thinking:     ThinkingSettings{History: "drop"},
		RepairPrompt: DefaultRepairPrompt, Wait: "envoy", Memory: "header", Authority: "heald",
		UpstreamStream: "always", Resume: "off", Hedge: hedge.Off, Allow: allow.Rules{}.WithDefaults(),
	}
}

// WithDefaults fills what is not set.
func (s Settings) WithDefaults() Settings {
	d := DefaultSettings()
	fill(&s.Attempts, d.Attempts)
	fill(&s.Deadline, d.Deadline)
	fill(&s.MaxWait, d.MaxWait)
	fill(&s.QueueWait, d.QueueWait)
	fill(&s.IdleTimeout, d.IdleTimeout)
	fill(&s.MaxStream, d.MaxStream)
	fill(&s.Ping, d.Ping)
	fill(&s.Peek.Timeout, d.Peek.Timeout)
	fill(&s.Peek.MaxBytes, d.Peek.MaxBytes)
	fill(&s.Thinking.History, d.Thinking.History)
	fill(&s.RepairPrompt, d.RepairPrompt)
	fill(&s.Wait, d.Wait)
	fill(&s.Memory, d.Memory)
	fill(&s.UpstreamStream, d.UpstreamStream)
	fill(&s.Authority, d.Authority)
	fill(&s.Resume, d.Resume)
	fill(&s.Hedge, d.Hedge)
	s.Allow = s.Allow.WithDefaults()
	return s
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// setters are the settings that a route may override, by name.
var setters = map[string]func(*Settings, string) error{
	"attempts":         func(s *Settings, v string) error { return setInt(&s.Attempts, v) },
	"deadline":         func(s *Settings, v string) error { return setDuration(&s.Deadline, v) },
	"queue_wait":       func(s *Settings, v string) error { return setDuration(&s.QueueWait, v) },
	"max_wait":         func(s *Settings, v string) error { return setDuration(&s.MaxWait, v) },
	"idle_timeout":     func(s *Settings, v string) error { return setDuration(&s.IdleTimeout, v) },
	"max_stream":       func(s *Settings, v string) error { return setDuration(&s.MaxStream, v) },
	"ping":             func(s *Settings, v string) error { return setDuration(&s.Ping, v) },
	"peek.timeout":     func(s *Settings, v string) error { return setDuration(&s.Peek.Timeout, v) },
	"peek.max_bytes":   func(s *Settings, v string) error { return setInt(&s.Peek.MaxBytes, v) },
	"thinking.history": func(s *Settings, v string) error { s.Thinking.History = v; return nil },
	"repair_prompt":    func(s *Settings, v string) error { s.RepairPrompt = v; return nil },
	"wait":             func(s *Settings, v string) error { s.Wait = v; return nil },
	"memory":           func(s *Settings, v string) error { s.Memory = v; return nil },
	"authority":        func(s *Settings, v string) error { s.Authority = v; return nil },
	"reserved_status":  func(s *Settings, v string) error { return setInts(&s.ReservedStatus, v) },
	"upstream_stream":  func(s *Settings, v string) error { s.UpstreamStream = v; return nil },
	"local.warmup":     func(s *Settings, v string) error { return setBool(&s.Local.Warmup, v) },
	"local.title":      func(s *Settings, v string) error { return setBool(&s.Local.Title, v) },
	"local.topic":      func(s *Settings, v string) error { return setBool(&s.Local.Topic, v) },
	"resume":           func(s *Settings, v string) error { s.Resume = v; return nil },
	"hedge":            func(s *Settings, v string) error { s.Hedge = v; return nil },
	"strict_model":     func(s *Settings, v string) error { return setBool(&s.StrictModel, v) },

	"allow.file_uris":       func(s *Settings, v string) error { s.Allow.FileURIs = strings.Fields(v); return nil },
	"allow.tools":           func(s *Settings, v string) error { s.Allow.Tools = strings.Fields(v); return nil },
	"allow.cached_contents": func(s *Settings, v string) error { s.Allow.CachedContents = v; return nil },
	"allow.safety":          func(s *Settings, v string) error { s.Allow.Safety = v; return nil },
	"allow.tiers":           func(s *Settings, v string) error { s.Allow.Tiers = strings.Fields(v); return nil },
	"allow.labels":          func(s *Settings, v string) error { return setBool(&s.Allow.Labels, v) },

	"strict": func(s *Settings, v string) error { return setBool(&s.Strict, v) },
}

// Resumes reports whether broken answers are resumed.
func (s *Settings) Resumes() bool { return s.Resume == resumeText }

// StoresMemory reports whether the memory between attempts is in the state store.
func (s *Settings) StoresMemory() bool { return s.Memory == memoryInStore }

// StreamsAsClient reports whether upstream is asked for a stream only where the
// client wants one.
func (s *Settings) StreamsAsClient() bool { return s.UpstreamStream == asClient }

// Hedges reports whether slow attempts are sent twice.
func (s *Settings) Hedges() bool { return s.Hedge != hedge.Off }

// InOneHop are the settings where nobody repeats an attempt: what needs another
// one, or another listener of Envoy, is off.
func (s Settings) InOneHop() Settings {
	s.Attempts, s.Memory, s.Resume, s.Hedge = 1, "header", "off", hedge.Off
	return s
}

// Override applies "name=value,name=value" to the settings.
func (s Settings) Override(list string) (Settings, error) {
	if list == "" {
		return s, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		set := setters[name]
		if !ok || set == nil {
			return s, &setting.Problem{Path: policies.HeaderSet, Found: redact.Quote(item) + " is no setting",
				Fix: "use name=value with one of " + settingNames()}
		}
		if err := set(&s, value); err != nil {
			return s, &setting.Problem{Path: policies.HeaderSet + ": " + name, Found: redact.Quote(value) + " " + err.Error()}
		}
	}
	return s, s.Validate(policies.HeaderSet)
}

func settingNames() string {
	names := make([]string, 0, len(setters))
	for n := range setters {
		names = append(names, n)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
