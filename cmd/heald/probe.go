package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// probe sends one request through a running Envoy to a Gemini that it plays
// itself. The first answer is empty, which heald marks for a retry and no Envoy
// retries by itself; the second is good. Whatever is wrong on the way (route,
// filter, steering, retry, memory) shows where the request was last seen.
type probe struct {
	to      string // the outer listener
	backend string // that leads to the probe
	listen  string // where the probe answers; "" for the backend's url
	key     string // a client's; "" for none

	model   string
	cluster string // what heald sends as x-heald-cluster for the backend
	nonce   string

	mu   sync.Mutex
	seen []arrival
}

// arrival is one attempt that reached the probe.
type arrival struct {
	path   string
	leaked []string // internal headers that it had
}

const (
	// probePatience bounds the request: heald may wait between attempts.
	probePatience = 30 * time.Second
	// probeKey is the variable with the key that heald asks clients for.
	probeKey = "HEALD_PROBE_KEY"
	// maxProbed bounds what is read of a body.
	maxProbed = 1 << 20
)

// probeSetUp is what the user adds to heald.yaml, with the backend's name.
const probeSetUp = `backends: [{name: %[1]s, kind: ai_studio, url: "http://127.0.0.1:18099", models: [heald-probe]}]; accounts: [{backend: %[1]s, secret: {env: HEALD_PROBE_SECRET}}] ` +
	`with any value of that variable; ` + probeAlias + `; and in Envoy a cluster and route for it, as for every backend`

// probeAlias keeps the probe's request from backends that serve every model.
const probeAlias = `models: {aliases: {heald-probe: [{model: heald-probe, backend: %[1]s}]}}`

// run makes the probe and returns what is wrong. What it saw is printed.
func (p *probe) run(ctx context.Context, cfg *config.Config, out io.Writer) ([]bootstrap.Problem, error) {
	if u, err := url.Parse(p.to); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &usageError{fmt.Errorf("--probe: want http://host:port of the outer listener, without login, query or fragment")}
	}
	found := func(problem, fix string) []bootstrap.Problem {
		return []bootstrap.Problem{{Path: "probe", Problem: redact.Text(problem), Consequence: "no request was sent", Fix: fix}}
	}
	if cfg == nil {
		return found("heald.yaml cannot be read", "correct heald.yaml"), nil
	}
	i := slices.IndexFunc(cfg.Backends, func(b config.Backend) bool { return b.Name == p.backend })
	if i < 0 {
		return found(fmt.Sprintf("heald.yaml has no backend %q", p.backend), "add for the time of the probe: "+fmt.Sprintf(probeSetUp, p.backend)), nil
	}
	b := cfg.Backends[i]
	p.cluster = b.WithDefaults().Cluster
	if p.model = modelFor(cfg, &b); p.model == "" {
		return found(fmt.Sprintf("no model leads to the backend %q alone", p.backend),
			fmt.Sprintf(probeAlias, p.backend)), nil
	}
	at := cmp.Or(p.listen, hostPort(b.URL))
	if at == "" {
		return found(fmt.Sprintf("the url of the backend %q is not http://host:port", p.backend),
			`url: "http://127.0.0.1:18099" at the backend; or --probe-listen ADDRESS, if Envoy's cluster leads there`), nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
	if err != nil {
		return found(fmt.Sprintf("cannot answer at %s: %v", at, err), "a free port of this machine in the backend's url; --probe-listen :PORT if the url has another host's name"), nil
	}
	p.nonce = rand.Text()
	server := &http.Server{Handler: p, ReadHeaderTimeout: probePatience, Protocols: protocols()}
	done := make(chan struct{})
	go func() { // ends with Close below
		defer close(done)
		_ = server.Serve(listener) // it says only that it was closed
	}()
	defer func() { _ = server.Close(); <-done }()
	fmt.Fprintf(out, "probe: POST %s/v1/messages, model %s; the backend %s is answered at %s\n", redact.Text(strings.TrimSuffix(p.to, "/")), p.model, p.backend, listener.Addr())
	return p.judge(p.ask(ctx), out), nil
}

func protocols() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return &p
}

// modelFor is a name by which a client reaches the backend and no other.
func modelFor(cfg *config.Config, b *config.Backend) string {
	var names []string
	for name, chain := range cfg.Models.Aliases {
		elsewhere := func(h route.Hop) bool { return h.Backend != b.Name }
		if !strings.Contains(name, "*") && len(chain) > 0 && !slices.ContainsFunc(chain, elsewhere) {
			names = append(names, name)
		}
	}
	for _, m := range b.Models {
		another := func(other config.Backend) bool { return other.Name != b.Name && other.Serves(m) }
		if _, alias := cfg.Models.Aliases[m]; !alias && !strings.Contains(m, "*") && !slices.ContainsFunc(cfg.Backends, another) {
			names = append(names, m)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

func hostPort(at string) string {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return ""
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80"))
}

// ServeHTTP plays Gemini.
func (p *probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxProbed))
	if err != nil || !bytes.Contains(body, []byte(p.nonce)) {
		w.Header().Set("content-type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":{"code":404,"message":"heald check answers only its own request","status":"NOT_FOUND"}}`) // a client that is gone needs none
		return
	}
	a := arrival{path: r.URL.Path}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-heald-") {
			a.leaked = append(a.leaked, name)
		}
	}
	slices.Sort(a.leaked)
	p.mu.Lock()
	p.seen = append(p.seen, a)
	n := len(p.seen)
	p.mu.Unlock()
	parts := `"parts":[{"text":"heald-probe ` + p.nonce + `"}],`
	output := 5
	if n == 1 {
		parts, output = "", 0
	}
	answer := fmt.Sprintf(`{"candidates":[{"content":{%s"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":%d,"totalTokenCount":%d},"modelVersion":"heald-probe","responseId":"probe-%d"}`, parts, output, 5+output, n)
	if strings.HasSuffix(r.URL.Path, ":streamGenerateContent") {
		w.Header().Set("content-type", "text/event-stream")
		answer = "data: " + answer + "\r\n\r\n"
	} else {
		w.Header().Set("content-type", "application/json; charset=UTF-8")
	}
	_, _ = io.WriteString(w, answer) // a client that is gone needs none
}

// outcome is what the client got.
type outcome struct {
	status int
	header http.Header
	body   string
	err    error
	took   time.Duration
}

func (p *probe) ask(ctx context.Context) outcome {
	body, err := json.Marshal(map[string]any{
		"model": p.model, "max_tokens": 256,
		"messages": []any{map[string]any{"role": "user", "content": "Write the word heald-probe, and after it " + p.nonce + "."}},
	}, json.Deterministic(true))
	if err != nil {
		return outcome{err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.to, "/")+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	req.Header.Set("content-type", "application/json")
	req.Header.Set("anthropic-version", "2023-06-01")
	if p.key != "" {
		req.Header.Set("x-api-key", p.key)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	begun := time.Now()
	resp, err := (&http.Client{Transport: transport, CheckRedirect: stay}).Do(req)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err
		}
		return outcome{err: err, took: time.Since(begun)}
	}
	defer func() { _ = resp.Body.Close() }() // read below
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxProbed))
	return outcome{resp.StatusCode, resp.Header, string(text), err, time.Since(begun)}
}

// stay follows no redirects. They may lead to another host, which must not get the
// key, and whose answer is not that of the Envoy that was named.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// internal are the headers that belong to the gateway alone.
var internal = []string{policies.HeaderRetry, policies.HeaderRetryAfter, policies.HeaderVerdict, policies.HeaderMemory}

// steps are what was seen of the request on its way, printed one by one, and what
// is wrong with those that were missed.
type steps struct {
	out      io.Writer
	problems []bootstrap.Problem
}

// step prints what was seen or missed, and reports which.
func (s *steps) step(seen bool, what, problem, consequence, fix string) bool {
	if seen {
		fmt.Fprintln(s.out, "  seen:   "+what)
		return true
	}
	s.missed(what, problem, consequence, fix)
	return false
}

func (s *steps) missed(what, problem, consequence, fix string) {
	fmt.Fprintln(s.out, "  missed: "+what)
	s.problems = append(s.problems, bootstrap.Problem{Path: "probe", Problem: redact.Text(problem), Consequence: consequence, Fix: fix})
}

// judge prints each step that was seen, up to the one that was missed, and says
// what is wrong.
func (p *probe) judge(got outcome, out io.Writer) []bootstrap.Problem {
	p.mu.Lock()
	seen := slices.Clone(p.seen)
	p.mu.Unlock()
	s := &steps{out: out}
	answers := s.step(got.status != 0, "the outer listener answers", fmt.Sprintf("the outer listener does not answer: %v", got.err), "clients get no answer either", "the address of the outer listener; is Envoy running, and heald's deadline below 30s?")
	switch {
	case len(seen) > 0:
		if p.judgeArrival(s, seen[0]) && judgeRepetition(s, seen, got) {
			p.judgeAnswer(s, seen, got)
			p.judgeCount(s, seen, got)
		}
	case answers:
		p.judgeWay(s, got)
	}
	return s.problems
}

// reply says what the client got.
func (o *outcome) reply() string {
	text := fmt.Sprintf("status %d after %s", o.status, o.took.Round(time.Millisecond))
	if said := errorOf(o.body); said != "" {
		text += ": " + said
	}
	return text
}

// byHeald reports whether heald made the reply. Other headers of heald's than this
// one may be the outer route's. An error that heald makes before it counts
// attempts is a sentence; with envoy.yaml Envoy begins its own in the same way, but
// goes on with its code details, which are one word.
func (o *outcome) byHeald() bool {
	said, ok := strings.CutPrefix(errorOf(o.body), "gateway: ")
	return o.header.Get(policies.HeaderAttempts) != "" || ok && strings.Contains(said, " ")
}

// judgeWay says how far a request came that did not reach the backend.
func (p *probe) judgeWay(s *steps, got outcome) {
	if !s.step(got.byHeald(), "outer listener → inner listener → heald", "the request did not reach heald, the client got "+got.reply(),
		"no client is served", "the outer route's cluster must lead to the listener with heald's filter, and its host be taken there; heald check --live says where it leads") {
		return
	}
	backend := got.header.Get(policies.HeaderBackend)
	problem, fix := "heald sent nothing to the backend "+p.backend+", the client got "+got.reply(), "the route of x-heald-cluster: "+p.cluster+" and the address of its cluster; if a key is asked for, "+probeKey+" in the environment"
	if backend != "" && backend != p.backend {
		problem, fix = fmt.Sprintf("heald asked the backend %q and not %q, the client got %s", backend, p.backend, got.reply()), "the model "+p.model+" must lead to the backend "+p.backend+" alone"
	}
	s.missed("heald → backend "+p.backend, problem, "requests for this backend fail", fix)
}

// judgeArrival says whether the first attempt came from heald, and with nothing of
// the gateway's.
func (p *probe) judgeArrival(s *steps, first arrival) bool {
	translated := strings.HasSuffix(first.path, ":generateContent") || strings.HasSuffix(first.path, ":streamGenerateContent")
	if !s.step(translated, "outer listener → inner listener → heald → backend "+p.backend, "the request reached the backend untranslated, at "+first.path,
		"requests bypass heald: neither translated nor healed", "the outer route must lead to the inner listener, and heald's filter must be on there") {
		return false
	}
	if len(first.leaked) > 0 {
		s.missed("heald's own headers end at the inner route", strings.Join(first.leaked, ", ")+" reached the backend", "providers see what is internal to the gateway",
			"list them in request_headers_to_remove of the inner route")
	}
	return true
}

func judgeRepetition(s *steps, seen []arrival, got outcome) bool {
	return s.step(len(seen) > 1, "the first answer was empty, and the outer listener sent the request again", "the outer listener did not repeat what heald marked, the client got "+got.reply(),
		"replies that heald wants repeated go to the client as errors",
		"retry what has the header x-heald-retry: retriable-headers in retry_on, the name in retriable_headers or in x-envoy-retriable-header-names, num_retries and the cluster's max_retries; heald check --live says what is missing")
}

// judgeAnswer says whether the client got the good answer, and with nothing of the
// gateway's.
func (p *probe) judgeAnswer(s *steps, seen []arrival, got outcome) {
	good := got.err == nil && got.status == http.StatusOK && strings.Contains(got.body, p.nonce)
	if !s.step(good, fmt.Sprintf("the answer of attempt %d reached the client: %s", len(seen), got.reply()), "the good answer did not reach the client, which got "+got.reply(), "healed answers are lost", "see heald's log of the request, and the response headers and filters of the outer route") {
		return
	}
	for _, name := range internal {
		if got.header.Get(name) != "" {
			s.missed("heald's own headers end at the outer route", name+" reached the client", "clients see headers that are internal to the gateway", "list "+name+" in response_headers_to_remove of the outer route")
		}
	}
}

// judgeCount says whether heald knows of as many attempts as have reached the
// probe.
func (p *probe) judgeCount(s *steps, seen []arrival, got outcome) {
	n, err := strconv.Atoi(got.header.Get(policies.HeaderAttempts))
	switch {
	case err != nil: // the header is missing, with the answer
	case n > len(seen):
		s.missed("all attempts came to the backend "+p.backend, fmt.Sprintf("of %d attempts %d reached the probe", n, len(seen)),
			"some failed on their way, or went to another backend", "see heald's log of the request; the model "+p.model+" must lead to the backend "+p.backend+" alone")
	case n < len(seen):
		s.missed("heald knows of both attempts", fmt.Sprintf("heald counted %d attempts of %d", n, len(seen)),
			"limits of attempts are not kept, and each attempt repeats the mistakes of the last one", "include_request_attempt_count and the filter heald.memory at the outer listener, or `memory: store` in heald.yaml; request ids must stay the same")
	}
}

// errorOf is the message of an error in any API's form; "" if there is none.
func errorOf(body string) string {
	var doc struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(body), &doc) != nil || doc.Error.Message == "" {
		return ""
	}
	return redact.Bound(redact.Text(doc.Error.Message), 300)
}

// clientKey is the key for the probe, which does not belong on a command line.
func clientKey() string { return os.Getenv(probeKey) }
