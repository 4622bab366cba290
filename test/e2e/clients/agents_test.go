package clients

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// fault is what happens to one answer in the middle of the task.
type fault struct {
	name string
	// gemini is the reply with the fault, for heald; a stream begins, and rest
	// follows once the client has the beginning.
	gemini, rest fakegemini.Reply
	// What an API does that a client asks itself: another status than 200, the
	// beginning of a stream, a reset.
	status        int
	begins, reset bool
}

var begun = fakegemini.EndWithoutFinish(breakMark)

var faults = []fault{
	{name: "none"},
	{name: "empty 200", gemini: fakegemini.EmptyOK(), status: 200},
	{name: "503", gemini: fakegemini.Status(503), status: 503},
	{name: "429", gemini: fakegemini.Status(429, fakegemini.RetryDelay("1s")), status: 429},
	{name: "cut in mid-stream", gemini: begun, status: 200, begins: true},
	{name: "reset in mid-stream", gemini: begun, rest: fakegemini.ResetMidStream(0).NoFinish(), status: 200, begins: true, reset: true},
}

// agentTable names the file that TestAgents writes; `make agents` sets it.
const agentTable = "HEALD_AGENT_TABLE"

// TestAgents has every client do the task under every fault, through heald and
// without a gateway, and writes what a person sees. No client may be worse off
// through heald.
func TestAgents(t *testing.T) {
	path := os.Getenv(agentTable)
	if path == "" {
		t.Skip("run it with `make agents`: it takes a quarter of an hour")
	}
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer func() { // at the end: all rows have the same columns
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
	}()
	fmt.Fprintln(w, "agent\tfault\tthrough heald\tseen\twithout a gateway\tseen\tworse through heald")
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Fake: fakegemini.Options{Tolerate: c.own}})
			d := newDirect(t, s.URL)
			for _, f := range faults {
				t.Run(f.name, func(t *testing.T) {
					with := c.meets(t, s, s.URL, f)
					d.breaks(f)
					without := c.meets(t, s, d.URL, f)
					worse := "no"
					if !with.done && without.done {
						worse = "YES"
						t.Errorf("%s does not finish the task, which it does without a gateway; it printed:\n%s", c.name, with.out)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.name, f.name, with.end(), with.seen(), without.end(), without.seen(), worse)
				})
			}
		})
	}
}

// met is how a client came through the task.
type met struct {
	done bool
	out  string
	took time.Duration
}

// meets runs the task at url, with the fault before its second step.
func (c client) meets(t *testing.T, s *stack.Stack, url string, f fault) met {
	t.Helper()
	s.Settle() // what the client before still asked is not counted as this one's
	s.Fake().Reset()
	s.Reload() // accounts that cool down
	dir := newTask(t)
	var broken []fakegemini.Reply
	open := make(chan struct{})
	switch {
	case f.name == "none":
	case url != s.URL: // direct breaks what is whole
		broken = []fakegemini.Reply{fakegemini.Text(breakMark, " and goes on.")}
	case f.begins:
		broken = []fakegemini.Reply{f.gemini.Then(fakegemini.Gate(open)).Then(f.rest)}
	default:
		broken = []fakegemini.Reply{f.gemini}
	}
	replies := slices.Insert(c.task(dir), 1, broken...)
	s.Fake().EnqueueForPath(model+":", replies...)
	over := make(chan struct{})
	defer close(over)
	go openOnceBegun(s, s.Replicas[0].Metric(begunAnswers), over, open) // ends with the turn
	start := time.Now()
	out, err := c.try(t, url, dir, taskPrompt)
	m := met{out: out, took: time.Since(start)}
	m.done = err == nil && taskErr(dir, out) == nil
	return m
}

// begunAnswers counts the answers that have begun to reach their clients.
const begunAnswers = "heald_first_content_seconds_count"

// openOnceBegun opens the gate when every answer that was asked for has begun to
// reach its client: heald cannot try again by itself then. There were before such
// answers when the client started.
func openOnceBegun(s *stack.Stack, before float64, over <-chan struct{}, gate chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(20 * time.Millisecond):
		}
		asked := s.Fake().Requests()
		ours := func(r fakegemini.Request) bool { return r.Model == model && r.Ended == fakegemini.EndedRunning }
		if slices.ContainsFunc(asked, ours) && s.Replicas[0].Metric(begunAnswers)-before >= float64(len(asked)) {
			close(gate)
			return
		}
	}
}

func (m met) end() string {
	if !m.done {
		return "ends"
	}
	return fmt.Sprintf("done, %.0f s", m.took.Seconds())
}

var (
	escape  = regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]`)
	trouble = regexp.MustCompile(`(?i)error|retry|retrying|reconnect|overload|rate limit|exhausted|unavailable|terminated|exception|failed|interrupt|no visible`)
	// harmless are lines of the agents that have nothing to do with faults.
	harmless = regexp.MustCompile(`(?i)unrecognized_model|doesn't recognize the model|ERROR codex_|loading cached|tests? failed|punycode|ripgrep`)
)

// seen is the first line of the output that reports trouble.
func (m met) seen() string {
	for line := range strings.SplitSeq(escape.ReplaceAllString(m.out, ""), "\n") {
		if line = strings.TrimSpace(line); trouble.MatchString(line) && !harmless.MatchString(line) {
			if runes := []rune(line); len(runes) > 70 {
				line = string(runes[:69]) + "…"
			}
			return strings.ReplaceAll(line, "\t", " ")
		}
	}
	return "nothing"
}
