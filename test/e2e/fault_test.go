package e2e

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// fault is one thing that goes wrong, and the expected result.
type fault struct {
	name string
	// script is what backend a answers, in order, and second what backend b
	// does; later requests get a good answer.
	script, second []fakegemini.Reply
	// gated is a script that waits somewhere until a streaming client has had
	// its first byte.
	gated func(first <-chan struct{}) []fakegemini.Reply
	// before: an unchecked request comes first and gets the script.
	before bool
	// names: the first request names a file.
	names  bool
	client client
	want   want
	// json is what a client sees that wants one document, where that differs:
	// there, everything up to the last byte can be retried.
	json *want
	// defect says what heald still does wrong here. The row then has to fail:
	// once it does not, the defect is gone and so should this be.
	defect string
}

// client is how a client behaves.
type client uint8

const (
	reads       client = iota // all of it, at once
	readsSlowly               // what Envoy does not take for it stays where it is
	leavesEarly               // while nothing has come yet
	leavesLate                // with the first bytes
)

// want is the expected result of a fault.
type want struct {
	sees   string // a key of api.sees
	text   string // a part of the error's message
	answer string // the whole answer; "" for good
	// tries are the attempts in order. Each calls its backend with the key of
	// its account, except where it has none, or that backend is not there.
	tries []try
	// passed is why the first model at the first backend is passed over; "" if
	// it is not.
	passed string
	// brokenBy is the log word for an answer that had begun.
	brokenBy string
	// repairs are those that the client sees.
	repairs    string
	retryAfter string
}

// Why a candidate is passed over, in the words for clients.
const (
	coolingDown  = "cooling down"
	failedOfLate = "failed of late"
)

// try is an attempt as its log line tells it. model is "" for the one that the
// client asks for.
type try struct{ account, reason, model string }

func (t try) String() string {
	if t.model == "" {
		return t.account + " " + t.reason
	}
	return t.account + "/" + t.model + " " + t.reason
}

func (t try) backend() string {
	backend, _, _ := strings.Cut(t.account, "-")
	return backend
}

// hops is how moves to another backend or model are shown to the client.
func hops(tries []try) (all []string) {
	for i := range len(tries) - 1 {
		if t, next := tries[i], tries[i+1]; t.backend() != next.backend() && next.backend() != "" || t.model != next.model {
			reason := t.reason
			if reason == heal.ReasonClientGone {
				reason = "connection broke" // the log cannot know it yet
			}
			all = append(all, fmt.Sprintf("failover: left %s at %s (%s)", cmp.Or(t.model, model), t.backend(), reason))
		}
	}
	return all
}

func again(n int, r fakegemini.Reply) []fakegemini.Reply {
	return slices.Repeat([]fakegemini.Reply{r}, n)
}

func once(r fakegemini.Reply) []fakegemini.Reply { return []fakegemini.Reply{r} }

const good = "You said: hello" // what the fake's model answers

// shortTimers keep the deadlines that must pass short; none is measured.
const shortTimers = `{peek: {timeout: 1s}, idle_timeout: 1s, max_wait: 2s}`

// faultGroup is a set-up and the faults that are played to it.
type faultGroup struct {
	name    string
	options stack.Options
	faults  []fault
}

// TestFaults plays each fault to each API, once to a client that wants a stream and
// once to one that wants a document. The older Envoy gets every second of these.
func TestFaults(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		table := newFaultTable(version)
		var wg sync.WaitGroup
		for i, a := range apis {
			for j, stream := range []bool{true, false} {
				if !plays(version, i+j) {
					continue
				}
				// All at once, and not as -parallel has it: they wait for timers
				// most of the time.
				wg.Go(func() {
					t.Run(a.name+"/"+kindName(stream), func(t *testing.T) { playGroups(t, version, a, stream, table) })
				})
			}
		}
		wg.Wait()
		if path := os.Getenv("HEALD_FAULT_TABLE"); path != "" {
			if err := table.append(path); err != nil {
				t.Error(err)
			}
		}
	})
}

func kindName(stream bool) string {
	if stream {
		return "stream"
	}
	return "json"
}

func playGroups(t *testing.T, version string, a api, stream bool, table *faultTable) {
	for _, g := range faultGroups {
		t.Run(g.name, func(t *testing.T) {
			options := g.options
			options.Envoy, options.Policy = version, cmp.Or(options.Policy, shortTimers)
			p := &player{s: stack.Start(t, options), api: a, stream: stream}
			path, body := p.request()
			for range 4 { // connections and what else stays are there afterwards
				p.s.Post(path, body)
			}
			p.settle(t)
			p.quiet = p.s.Replicas[0].Goroutines()
			for _, f := range g.faults {
				t.Run(f.name, func(t *testing.T) { p.check(t, g, f, table) })
			}
		})
	}
}

// player plays faults to one kind of client of one API.
type player struct {
	s      *stack.Stack
	api    api
	stream bool
	quiet  int // goroutines of heald while nothing runs
}

func (p *player) request() (path, body string) {
	if p.stream {
		return p.api.streamPath, p.api.streamBody
	}
	return p.api.wholePath, p.api.wholeBody
}

// observed is what came of a fault.
type observed struct {
	sees   string
	text   string // of the error
	header http.Header
	calls  []string // upstream, by account
	tries  []try
	broken string
	leak   string // "" if nothing stayed
}

// check plays a fault and compares the result with the expected one.
func (p *player) check(t *testing.T, g faultGroup, f fault, table *faultTable) {
	w := f.want
	if !p.stream && f.json != nil {
		w = *f.json
	}
	got := p.play(t, f, cmp.Or(w.answer, good))
	problems := p.compare(g, w, got)
	table.add(g.name, f, kindName(p.stream), p.api.name, got, problems)
	switch {
	case f.defect == "":
		for _, problem := range problems {
			t.Error(problem)
		}
	case len(problems) == 0:
		t.Errorf("healed, although it is said that %s: delete the defect from the row", f.defect)
	default:
		t.Logf("known defect: %s: %s", f.defect, strings.Join(problems, "; "))
	}
}

func (p *player) compare(g faultGroup, w want, got observed) []string {
	var problems []string
	differ := func(what string, got, want any) {
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			problems = append(problems, fmt.Sprintf("%s %q, want %q", what, g, w))
		}
	}
	sees, ok := p.api.sees[w.sees]
	if !ok {
		sees = w.sees
	}
	differ("the client sees", got.sees, sees)
	if !strings.Contains(got.text, w.text) {
		differ("the error says", got.text, w.text)
	}
	differ("attempts", got.tries, w.tries)
	var calls []string
	for _, try := range w.tries {
		if b := try.backend(); b != "" && !slices.Contains(g.options.Down, b) {
			calls = append(calls, try.account)
		}
	}
	slices.Sort(calls)
	differ("upstream calls", got.calls, calls)
	differ("broken by", got.broken, w.brokenBy)
	differ("leak", got.leak, "")
	if got.header == nil {
		return problems
	}
	last := w.tries[len(w.tries)-1]
	differ("x-heald-account", got.header.Get("x-heald-account"), last.account)
	differ("x-heald-backend", got.header.Get("x-heald-backend"), last.backend())
	differ("x-heald-attempts", got.header.Get("x-heald-attempts"), len(w.tries))
	if last.account != "" {
		differ("x-heald-model", got.header.Get("x-heald-model"), cmp.Or(last.model, model))
	}
	warned := strings.Split(got.header.Get("x-heald-warning"), "; ")
	differ("repairs", strings.Join(told(warned, "repaired: "), ""), w.repairs)
	moves := hops(w.tries)
	if w.passed != "" {
		moves = append(moves, "failover: passed over "+model+" at a ("+w.passed+")")
	}
	differ("hops", told(warned, "failover: "), told(moves, "failover: "))
	if w.retryAfter != "" {
		differ("retry-after", got.header.Get("retry-after"), w.retryAfter)
	}
	for name := range got.header {
		if internal(strings.ToLower(name)) {
			problems = append(problems, "the client can see "+name)
		}
	}
	return problems
}

// told are the warnings of a kind, without its name.
func told(warnings []string, kind string) []string {
	var all []string
	for _, w := range warnings {
		if what, ok := strings.CutPrefix(w, kind); ok {
			all = append(all, what)
		}
	}
	return all
}

// play makes a fault happen to one client.
func (p *player) play(t *testing.T, f fault, answer string) (out observed) {
	s := p.s
	s.Reload()
	first := make(chan struct{})
	committed := sync.OnceFunc(func() { close(first) })
	if !p.stream {
		committed() // a document comes whole or not at all
	}
	for _, fake := range s.Fakes {
		fake.Reset()
	}
	s.Fakes["a"].Enqueue(f.script...)
	if f.gated != nil {
		s.Fakes["a"].Enqueue(f.gated(first)...)
	}
	if b := s.Fakes["b"]; b != nil {
		b.Enqueue(f.second...)
	}
	path, plain := p.request()
	body := plain
	if f.names {
		body = p.api.naming(plain)
	}
	if f.before {
		s.Post(path, body)
		body = plain
		p.settle(t)
		for _, fake := range s.Fakes {
			fake.Reset()
		}
	}
	attempts, requests := len(p.lines("attempt finished")), len(p.lines("request finished"))
	got := p.ask(t, f.client, path, body, committed)
	out.leak = p.settle(t)
	if got.Status == 0 {
		out.sees = "left"
	} else {
		var r reading
		out.sees, r = p.api.seen(got, p.stream, answer)
		out.text, out.header = r.message, got.Header
	}
	finished := p.lines("attempt finished")[attempts:]
	// An attempt that Envoy gave up may be logged after the next one.
	slices.SortStableFunc(finished, func(a, b stack.Line) int {
		return cmp.Compare(number(a), number(b))
	})
	for _, l := range finished {
		other := l.Get("model")
		if other == model {
			other = ""
		}
		out.tries = append(out.tries, try{l.Get("account"), l.Get("reason"), other})
	}
	for _, l := range p.lines("request finished")[requests:] {
		out.broken = l.Get("broken_by")
	}
	for name, fake := range s.Fakes {
		for _, r := range fake.Requests() {
			out.calls = append(out.calls, name+"-"+strings.TrimPrefix(r.Key, "key-"))
		}
	}
	slices.Sort(out.calls)
	return out
}

// number is the attempt that a line is about.
func number(l stack.Line) float64 {
	n, _ := l["attempt"].(float64)
	return n
}

// lines are those of the only replica, in order of time.
func (p *player) lines(msg string) []stack.Line { return p.s.Replicas[0].Log.Lines(msg) }

// settle waits until nothing runs; what stays is returned.
func (p *player) settle(t *testing.T) string {
	if err := p.s.Settled(); err != nil {
		return err.Error()
	}
	if p.quiet == 0 {
		return ""
	}
	// Envoy's workers may have opened connections since: a handful of
	// goroutines. A leak in each of the many faults comes to more.
	const slack = 12
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	ctx := patient(t)
	for {
		now := p.s.Replicas[0].Goroutines()
		if now <= p.quiet+slack {
			return ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Sprintf("%d goroutines", now-p.quiet)
		}
	}
}

// ask is what the client does.
func (p *player) ask(t *testing.T, c client, path, body string, first func()) stack.Answer {
	s := p.s
	ctx, leave := context.WithTimeout(t.Context(), patience)
	defer leave()
	if c == leavesEarly || c == leavesLate && !p.stream {
		go func() { // ends with the request, which this ends
			if s.Fakes["a"].WaitRequests(ctx, 1) == nil {
				leave()
			}
		}()
		return s.PostAs(ctx, http.DefaultClient, path, strings.NewReader(body))
	}
	switch c {
	case leavesLate:
		resp, err := s.Open(ctx, http.DefaultClient, path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		leave()
		resp.Body.Close()
		return stack.Answer{}
	case readsSlowly:
		resp, err := s.Open(ctx, lazyClient(t, stack.HTTP1), path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		all, err := slow(ctx, resp.Body, nil)
		return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(all), Err: err}
	}
	return s.PostWatching(path, body, first)
}
