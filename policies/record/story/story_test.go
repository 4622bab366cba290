package story

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func msec(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }

// try makes an attempt at an account "backend/account".
func try(n int, at, model, verdict, reason string, status, began, held int, change ...func(*record.Attempt)) record.Attempt {
	backend, account, _ := strings.Cut(at, "/")
	a := record.Attempt{Number: n, Backend: backend, Account: account, Model: model, Verdict: verdict, Reason: reason, Status: status,
		Began: msec(began), Held: msec(held), Duration: msec(held)}
	if backend != "" {
		a.Kind = "ai_studio"
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

func request(outcome, reason string, status, duration int, change func(*record.Request), attempts ...record.Attempt) record.Request {
	r := record.Request{
		Origin: record.Origin{Time: time.Date(2026, 11, 29, 3, 0, 5, 0, time.UTC), RequestID: "9f1c2a34", Tenant: "search", API: "anthropic", Path: "/v1/messages", Operation: record.Generate},
		Alias:  "gemini-3.8-flash", Model: "gemini-3.8-flash", Stream: true, Outcome: outcome, Reason: reason, Status: status, Client: "10.0.0.7",
		Tried: len(attempts), Attempts: attempts, Duration: msec(duration),
	}
	if change != nil {
		change(&r)
	}
	return r
}

const flash = "gemini-3.8-flash"

// stories are all kinds of ends.
var stories = map[string]record.Request{
	"passed": request("passed", "ok", 200, 4200, func(r *record.Request) {
		r.StopReason, r.FirstByte, r.FirstContent = "stop", msec(340), msec(350)
		r.Usage = &record.Usage{Input: 1200, Cached: 400, Output: 300, Thinking: 100}
	}, try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 330)),
	"healed": request("passed", "ok", 200, 8000, func(r *record.Request) {
		r.StopReason, r.FirstByte, r.FirstContent = "stop", msec(3400), msec(3400)
	}, try(1, "studio/gemini-1", flash, "retry", "peek_eof", 200, 0, 2100, func(a *record.Attempt) { a.Wait = msec(100) }),
		try(2, "studio/gemini-2", flash, "retry", "upstream_overloaded", 503, 2200, 200, func(a *record.Attempt) { a.Error = `The model is "overloaded".` }),
		try(3, "vertex/eu-1", flash, "pass", "ok", 200, 2450, 900)),
	"failed": request("failed", "rate_limited", 429, 700, nil,
		try(1, "studio/gemini-1", flash, "retry", "rate_limited", 429, 0, 300, func(a *record.Attempt) { a.Error = "Quota exceeded" }),
		try(2, "studio/gemini-2", flash, "fail", "rate_limited", 429, 310, 380)),
	"broken": request("broken", "ok", 200, 65000, func(r *record.Request) {
		r.BrokenBy, r.FirstByte, r.FirstContent = "stream_stalled", msec(900), msec(950)
		r.Usage, r.Estimated = &record.Usage{Input: 10, Output: 20, Estimated: true}, true
	}, try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 900)),
	"resumed": request("passed", "resumed", 200, 150000, func(r *record.Request) {
		r.FirstByte, r.StopReason = msec(500), "length"
		r.Resume = &record.Resume{Result: "resumed", Cause: "stream_truncated", Requests: 2, Backend: "vertex", Account: "eu-1"}
	}, try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 480)),
	"resume failed": request("broken", "resume_failed", 200, 20000, func(r *record.Request) {
		r.FirstByte, r.BrokenBy = msec(500), "stream_error_event"
		r.Resume = &record.Resume{Result: "resume_failed", Cause: "stream_error_event", Requests: 1, Error: "503: overloaded"}
	}, try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 480)),
	"repaired": request("passed", "ok", 200, 3000, func(r *record.Request) {
		r.FirstByte, r.Warnings = msec(900), "repaired: strip_signatures+prompt"
	}, try(1, "studio/gemini-1", flash, "repair", "signature_repair", 400, 0, 120),
		try(2, "studio/gemini-1", flash, "pass", "ok", 200, 130, 700, func(a *record.Attempt) { a.Repairs = "strip_signatures+prompt" })),
	"waited between attempts": request("passed", "ok", 200, 1800, func(r *record.Request) { r.FirstByte = msec(950) },
		try(1, "studio/gemini-1", flash, "retry", "peek_error_event", 500, 0, 2, func(a *record.Attempt) { a.Wait = msec(460) }),
		try(2, "studio/gemini-2", flash, "pass", "ok", 200, 8, 470, func(a *record.Attempt) { a.Waited = msec(460) })),
	"hedged": request("passed", "ok", 200, 3000, nil,
		try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 1700, func(a *record.Attempt) { a.Hedged = "won" })),
	"canceled": request("canceled", "canceled", 200, 5000, func(r *record.Request) { r.Aborted, r.FirstByte = true, msec(800) },
		try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 800)),
	"canceled before an answer": request("canceled", "canceled", 0, 30000, func(r *record.Request) { r.Aborted = true },
		try(1, "studio/gemini-1", flash, "retry", "canceled", 0, 0, 30000)),
	"canceled while it waited": request("canceled", "canceled", 0, 5000, func(r *record.Request) { r.Aborted = true },
		try(1, "studio/gemini-1", flash, "fail", "canceled", 0, 0, 0, func(a *record.Attempt) { a.Waited, a.Duration = msec(4000), msec(5000) })),
	"slow to arrive": request("passed", "ok", 200, 42000, func(r *record.Request) { r.FirstByte = msec(30500) },
		try(1, "studio/gemini-1", flash, "retry", "upstream_error", 500, 0, 400, func(a *record.Attempt) { a.Duration = msec(20400) }),
		try(2, "studio/gemini-2", flash, "pass", "ok", 200, 20500, 1000, func(a *record.Attempt) { a.Waited, a.Duration = msec(8000), msec(21500) })),
	"unsettled": request("canceled", "canceled", 0, 1200, func(r *record.Request) { r.Aborted, r.Asked = true, true },
		try(1, "studio/gemini-1", flash, "retry", "canceled", 200, 0, 1200, func(a *record.Attempt) { a.Unsettled, a.Asked = true, true })),
	"unsettled before another attempt": request("passed", "ok", 200, 2500, func(r *record.Request) { r.FirstByte, r.Asked = msec(2100), true },
		try(1, "studio/gemini-1", flash, "retry", "canceled", 200, 0, 1200, func(a *record.Attempt) { a.Unsettled, a.Asked = true, true }),
		try(2, "studio/gemini-2", flash, "pass", "ok", 200, 1300, 700, func(a *record.Attempt) { a.Asked = true })),
	"unreadable": request("passed", "ok", 200, 2500, func(r *record.Request) { r.FirstByte = msec(2100) },
		try(1, "studio/gemini-1", flash, "retry", "peek_not_an_answer", 200, 0, 1200, func(a *record.Attempt) { a.Unreadable = "gzip: invalid header" }),
		try(2, "studio/gemini-2", flash, "pass", "ok", 200, 1300, 700)),
	"resumed before another attempt": request("passed", "ok", 200, 3500, func(r *record.Request) { r.FirstByte, r.Stream = msec(3100), false },
		try(1, "studio/gemini-1", flash, "retry", "peek_truncated", 200, 0, 1200, func(a *record.Attempt) {
			a.Resume = &record.Resume{Result: "resume_failed", Cause: "stream_truncated", Requests: 1, Backend: "vertex", Account: "eu-1", Error: "503: overloaded"}
		}),
		try(2, "studio/gemini-2", flash, "pass", "ok", 200, 1300, 1700)),
	"refused": request("failed", "refused", 400, 1, func(r *record.Request) { r.Model = "" },
		try(1, "", "", "fail", "refused", 0, 0, 0, func(a *record.Attempt) { a.Error = "messages: must not be empty" })),
	"failed at an older heald": request("failed", "upstream_error", 500, 800, nil,
		try(1, "studio/gemini-1", flash, "fail", "upstream_error", 500, 0, 800)),
	"retry refused by Envoy": request("failed", "upstream_error", 0, 800, nil,
		try(1, "studio/gemini-1", flash, "retry", "upstream_error", 500, 0, 800)),
	"local": request("local", "model_list", 200, 2, func(r *record.Request) {
		r.Operation, r.Alias, r.Model, r.Stream, r.Tenant = record.List, "", "", false, "default"
	}, try(1, "", "", "pass", "model_list", 0, 0, 0)),
	"refused by limits of the tenant": request("failed", "tenant_budget", 429, 1, nil,
		try(1, "", "", "fail", "tenant_budget", 0, 0, 0, func(a *record.Attempt) { a.Error = "requests per day: 1000 of 1000" })),
	"waited": request("passed", "ok", 200, 6000, func(r *record.Request) { r.FirstByte, r.Waited = msec(5500), msec(5000) },
		try(1, "studio/gemini-1", flash, "pass", "ok", 200, 0, 400, func(a *record.Attempt) { a.Waited = msec(5000) })),
	"next model of the chain": request("passed", "ok", 200, 2500, func(r *record.Request) {
		r.Alias, r.Model, r.Warnings = "best", "gemini-3.5-pro", "failover: left gemini-3.8-flash at studio (capacity_exhausted)"
	}, try(1, "studio/gemini-1", flash, "failover", "capacity_exhausted", 429, 0, 90),
		try(2, "studio/gemini-1", "gemini-3.5-pro", "retry", "peek_timeout", 200, 90, 1000),
		try(3, "vertex/eu-1", "gemini-3.1-pro", "pass", "ok", 200, 1100, 900)),
	"attempts of which nothing is known": request("passed", "ok", 200, 9000, func(r *record.Request) { r.Tried = 4 },
		record.Attempt{Number: 2, Backend: "studio", Account: "gemini-1", Model: flash, Verdict: "retry", Reason: "upstream_error", Status: 500},
		try(4, "studio/gemini-2", flash, "pass", "ok", 200, 8000, 300)),
	"memory keys that differ": request("passed", "ok", 200, 900, func(r *record.Request) { r.Tried = 2 },
		try(2, "studio/gemini-1", flash, "pass", "ok", 200, 0, 400, func(a *record.Attempt) { a.Memory = "other_key" })),
	"of a newer heald": request("vanished", "new_reason", 0, 1000, nil, try(1, "studio/gemini-1", flash, "ponder", "new_reason", 299, 0, 10)),
	"nothing":          {},
}

func text(told []Sentence) string {
	var b strings.Builder
	for _, s := range told {
		b.WriteString(s.Text + "\n")
		if s.Link != "" || s.Word != "" {
			b.WriteString("    " + strings.TrimSpace(s.Word+" "+strings.TrimPrefix(s.Link, Operating)) + "\n")
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestTell(t *testing.T) {
	for name, r := range stories {
		t.Run(name, func(t *testing.T) { golden(t, name, text(Tell(&r))) })
	}
	files, err := os.ReadDir("testdata")
	if err != nil || len(files) != len(stories)+1 { // and that of TestReport
		t.Errorf("%d golden files of %d stories, %v", len(files), len(stories), err)
	}
}

// Every log word has words and a section of OPERATING, which has the log word.
func TestEveryReasonIsExplained(t *testing.T) {
	sections := operating(t)
	for _, reason := range heal.Reasons {
		e, ok := reasons[reason]
		if !ok || e.words == "" {
			t.Errorf("%s has no words", reason)
			continue
		}
		section, ok := sections[e.section]
		if !ok {
			t.Errorf("%s: OPERATING has no section %s", reason, e.section)
		}
		if !strings.Contains(section, "`"+reason+"`") {
			t.Errorf("%s: the section %s of OPERATING does not explain it", reason, e.section)
		}
	}
	if len(reasons) != len(heal.Reasons) {
		t.Errorf("there are words for %d of %d reasons", len(reasons), len(heal.Reasons))
	}
	for _, section := range []string{find, refusals, changed, model, slow, signature, keys} {
		if _, ok := sections[section]; !ok {
			t.Errorf("OPERATING has no section %s", section)
		}
	}
}

// operating are the sections of OPERATING by their anchors. A section has what
// stands below it up to the next heading.
func operating(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../../../OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	anchor, other := "", regexp.MustCompile(`[^\w\- ]`)
	for line := range strings.Lines(string(b)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			anchor = strings.ReplaceAll(other.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-")
			sections[anchor] = ""
		}
		sections[anchor] += line
	}
	return sections
}

func TestSpan(t *testing.T) {
	for n, want := range map[int]string{0: "0 ms", 99: "99 ms", 100: "0.1 s", 2140: "2.1 s", 9949: "9.9 s", 10400: "10 s", 119000: "119 s", 125000: "2 min 5 s", 179600: "3 min 0 s", 3600000: "60 min 0 s"} {
		if got := span(msec(n)); got != want {
			t.Errorf("%d ms: got %s, want %s", n, got, want)
		}
	}
}

// However many attempts a record claims, the story is short.
func TestStoryIsBounded(t *testing.T) {
	r := stories["passed"]
	r.Tried = 300_000_000
	if told := Tell(&r); len(told) > 2*attemptsTold || !strings.Contains(text(told), "299999968 more attempts") {
		t.Errorf("%d sentences", len(told))
	}
}

// Each wait is told once, and none is left out.
func TestPause(t *testing.T) {
	for _, c := range []struct {
		name    string
		a, next record.Attempt
		want    int
	}{
		{"waits once it has begun", record.Attempt{Wait: msec(450), Duration: msec(1)}, record.Attempt{Began: msec(1), Waited: msec(449)}, 0},
		{"Envoy waits first", record.Attempt{Began: msec(1), Duration: msec(85), Wait: msec(4900)}, record.Attempt{Began: msec(1272), Waited: msec(3741)}, 1186},
		{"planned", record.Attempt{Wait: msec(450)}, record.Attempt{}, 450},
		{"planned, and waited", record.Attempt{Wait: msec(450)}, record.Attempt{Waited: msec(449)}, 0},
	} {
		if got := pause(&c.a, &c.next); got != msec(c.want) {
			t.Errorf("%s: %v", c.name, time.Duration(got))
		}
	}
}

// An error that came at once has no comma too many.
func TestErrorAtOnce(t *testing.T) {
	told := text(Tell(&record.Request{Outcome: "failed", Reason: "refused", Status: 400}))
	if !strings.Contains(told, "the client got an error, 400: heald") {
		t.Error(told)
	}
}

// What heald answers after a provider was asked in vain is not told as if nobody was.
func TestLocalAfterAnAttempt(t *testing.T) {
	r := request("local", "token_estimate", 200, 900, func(r *record.Request) { r.Operation, r.Asked = record.Count, true },
		try(1, "studio/gemini-1", flash, "failover", "upstream_overloaded", 503, 0, 400), try(2, "", "", "pass", "token_estimate", 0, 400, 0))
	told := text(Tell(&r))
	if !strings.Contains(told, "attempt 1 at gemini-1") || !strings.Contains(told, "heald answered by itself: the tokens were estimated") || strings.Contains(told, "without asking") {
		t.Error(told)
	}
}

// An attempt that was never sent does not accuse the provider.
func TestCanceledUnsent(t *testing.T) {
	r := request("canceled", "canceled", 0, 2000, func(r *record.Request) { r.Aborted = true })
	r.Attempts = []record.Attempt{{Number: 1, Verdict: "fail", Reason: "canceled", Waited: msec(1900), Duration: msec(2000)}}
	told := ""
	for _, s := range Tell(&r) {
		told += s.Text + "\n"
	}
	if !strings.Contains(told, "before it was sent") || strings.Contains(told, "provider") {
		t.Error(told)
	}
}

// A provider was asked if anything of it is known, also in records without the flag.
func TestNeverAsked(t *testing.T) {
	for name, c := range map[string]struct {
		r    record.Request
		want bool
	}{
		"nothing":              {record.Request{}, true},
		"the flag":             {record.Request{Asked: true}, false},
		"a usage":              {record.Request{Usage: &record.Usage{}}, false},
		"an attempt":           {record.Request{Attempts: []record.Attempt{{Backend: "a", Duration: msec(5)}}}, true},
		"an attempt's flag":    {record.Request{Attempts: []record.Attempt{{}, {Asked: true}}}, false},
		"an attempt's status":  {record.Request{Attempts: []record.Attempt{{Status: 500}, {}}}, false},
		"an attempt's headers": {record.Request{Attempts: []record.Attempt{{Headers: msec(3)}}}, false},
	} {
		if got := neverAsked(&c.r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
