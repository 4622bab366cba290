package fakegemini

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// spec is a reply as JSON. Kind names the constructor.
type spec struct {
	Key  string `json:"key,omitempty"`  // only for this credential
	Path string `json:"path,omitempty"` // only for paths that contain this

	Kind   string            `json:"kind"`
	Pieces []string          `json:"pieces,omitempty"` // text, think, partial texts
	Calls  []callSpec        `json:"calls,omitempty"`
	Chunks []jsontext.Value  `json:"chunks,omitempty"`
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
	Bytes  int               `json:"bytes,omitempty"`
	N      int               `json:"n,omitempty"`
	Gate   string            `json:"gate,omitempty"`
	Every  int               `json:"everyMs,omitempty"`

	Message    string `json:"message,omitempty"` // of errors, and their details
	RetryDelay string `json:"retryDelay,omitempty"`
	QuotaID    string `json:"quotaId,omitempty"`
	Reason     string `json:"reason,omitempty"`

	Finish   string `json:"finish,omitempty"` // another finishReason; for kind finish, the reason
	NoFinish bool   `json:"noFinish,omitempty"`
	Apart    bool   `json:"finishApart,omitempty"`
	OnLast   bool   `json:"finishOnLast,omitempty"`
	Slow     int    `json:"slowMs,omitempty"`
	Usage    *Usage `json:"usage,omitempty"`
	Then     []spec `json:"then,omitempty"`
}

type callSpec struct {
	Name      string         `json:"name"`
	Args      jsontext.Value `json:"args,omitempty"`
	ID        string         `json:"id,omitempty"`
	Signature string         `json:"signature,omitempty"`
}

func (c spec) calls() []FunctionCall {
	out := make([]FunctionCall, len(c.Calls))
	for i, k := range c.Calls {
		out[i] = FunctionCall{k.Name, string(k.Args), k.ID, k.Signature}
	}
	return out
}

func (c spec) options() []StatusOption {
	var out []StatusOption
	if c.Message != "" {
		out = append(out, Message(c.Message))
	}
	if c.RetryDelay != "" {
		out = append(out, RetryDelay(c.RetryDelay))
	}
	if c.QuotaID != "" {
		out = append(out, QuotaID(c.QuotaID))
	}
	if c.Reason != "" {
		out = append(out, Reason(c.Reason))
	}
	for name, value := range c.Header {
		out = append(out, Header(name, value))
	}
	return out
}

// LoadScript queues replies from a JSON list, the form of POST /fake/script.
// Nothing is queued when any entry is wrong.
func (s *Server) LoadScript(r io.Reader) error {
	var specs []spec
	if err := json.UnmarshalRead(r, &specs, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("script: %w", err)
	}
	entries := make([]entry, len(specs))
	for i, c := range specs {
		reply, err := s.reply(c)
		if err != nil {
			return fmt.Errorf("script: entry %d: %w", i, err)
		}
		entries[i] = entry{c.Key, c.Path, reply}
	}
	s.scripts.add(entries...)
	return nil
}

// reply builds one entry, its continuations included.
func (s *Server) reply(c spec) (Reply, error) {
	construct, ok := kinds[c.Kind]
	if !ok {
		return Reply{}, fmt.Errorf("unknown kind %q", c.Kind)
	}
	r := construct(c)
	if c.Kind == "gate" {
		if c.Gate == "" {
			return Reply{}, errors.New("kind gate needs a gate name")
		}
		r = Gate(s.gates.gate(c.Gate))
	}
	for i, next := range c.Then {
		then, err := s.reply(next)
		if err != nil {
			return Reply{}, fmt.Errorf("then %d: %w", i, err)
		}
		r = r.Then(then)
	}
	return c.refine(r), nil
}

func (c spec) refine(r Reply) Reply {
	if c.Finish != "" && c.Kind != "finish" {
		r = r.Finish(c.Finish)
	}
	if c.NoFinish {
		r = r.NoFinish()
	}
	if c.Apart {
		r = r.FinishApart()
	}
	if c.OnLast {
		r = r.FinishOnLast()
	}
	if c.Usage != nil {
		r = r.Usage(*c.Usage)
	}
	return r.Slow(max(r.delay, time.Duration(c.Slow)*time.Millisecond))
}

// kinds maps a spec's kind to its constructor.
var kinds = map[string]func(spec) Reply{
	"text":        func(c spec) Reply { return Text(c.Pieces...) },
	"think":       func(c spec) Reply { return Think(c.Pieces...) },
	"calls":       func(c spec) Reply { return Calls(c.calls()...) },
	"calls_apart": func(c spec) Reply { return CallsApart(c.calls()...) },
	"chunks": func(c spec) Reply {
		documents := make([]string, len(c.Chunks))
		for i, d := range c.Chunks {
			documents[i] = string(d)
		}
		return Chunks(documents...)
	},
	"raw": func(c spec) Reply {
		h := http.Header{}
		for name, value := range c.Header {
			h.Set(name, value)
		}
		return Raw(c.status(200), h, []byte(c.Body))
	},
	"verbatim":              func(c spec) Reply { return Verbatim([]byte(c.Body)) },
	"big":                   func(c spec) Reply { return Big(min(max(c.Bytes, 0), maxScript)) },
	"gate":                  func(spec) Reply { return Reply{} },
	"status":                func(c spec) Reply { return Status(c.status(500), c.options()...) },
	"empty_ok":              func(spec) Reply { return EmptyOK() },
	"html_200":              func(spec) Reply { return HTML200() },
	"eof_before_content":    func(spec) Reply { return EOFBeforeContent() },
	"heartbeats":            func(c spec) Reply { return Heartbeats(time.Duration(c.Every)*time.Millisecond, max(c.N, 0)) },
	"silent_before_headers": func(spec) Reply { return SilentBeforeHeaders() },
	"silent_after_headers":  func(spec) Reply { return SilentAfterHeaders() },
	"silence":               func(spec) Reply { return Silence() },
	"error_event":           func(c spec) Reply { return ErrorEvent(c.status(503), c.options()...) },
	"error_after_content":   func(c spec) Reply { return ErrorAfterContent(c.status(503), c.Pieces...) },
	"bare_json_error":       func(c spec) Reply { return BareJSONError(c.status(503), c.options()...) },
	"usage_only":            func(spec) Reply { return UsageOnlyThenEnd() },
	"stop_without_parts":    func(spec) Reply { return StopWithoutParts() },
	"malformed_call":        func(spec) Reply { return MalformedCall() },
	"finish":                func(c spec) Reply { return FinishWithoutParts(c.Finish) },
	"blocked":               func(c spec) Reply { return Blocked(c.Reason) },
	"reset_before_headers":  func(spec) Reply { return ResetBeforeHeaders() },
	"reset_after_headers":   func(spec) Reply { return ResetAfterHeaders() },
	"reset_mid_stream":      func(c spec) Reply { return ResetMidStream(min(max(c.N, 1), 10_000)) },
	"end_without_finish":    func(c spec) Reply { return EndWithoutFinish(c.Pieces...) },
}

func (c spec) status(fallback int) int {
	if c.Status < 100 || c.Status > 599 {
		return fallback
	}
	return c.Status
}
