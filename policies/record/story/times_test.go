package story

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/record"
)

// drawn is a request as an exchange records it: its times follow from one course of
// events.
func drawn(t *rapid.T) record.Request {
	length := func(name string, most time.Duration) time.Duration {
		// Most parts are short, and some are long.
		most = rapid.SampledFrom([]time.Duration{0, 900 * time.Microsecond, 40 * time.Millisecond, most / 20, most}).Draw(t, "longest "+name)
		return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, name))
	}
	r := record.Request{
		Origin: record.Origin{Time: time.Date(2026, 11, 29, 3, 0, 5, 0, time.UTC), RequestID: "9f1c2a34", API: "chat", Operation: record.Generate},
		Alias:  flash, Stream: true, Outcome: rapid.SampledFrom([]string{"passed", "broken", "failed", "canceled"}).Draw(t, "outcome"), Reason: "ok", Status: 200,
	}
	r.Tried = rapid.IntRange(1, 5).Draw(t, "tried")
	var at, ended time.Duration // since the request's beginning; the attempt before ended then
	var before *record.Attempt  // nil if there is no record of it
	for n := 1; n <= r.Tried; n++ {
		last := n == r.Tried
		passes := last && (r.Outcome == "passed" || r.Outcome == "broken" || r.Outcome == "canceled" && rapid.Bool().Draw(t, "answered"))
		a := try(n, "studio/gemini-1", flash, "retry", "upstream_error", 500, 0, 0)
		switch {
		case passes:
			a.Verdict, a.Reason, a.Status = "pass", "ok", 200
		case last && r.Outcome == "failed":
			a.Verdict, r.Reason, r.Status = "fail", "upstream_error", 500
		case last:
			a.Verdict, a.Reason, a.Status = "fail", "canceled", 0
		}
		began := at
		at += length("until it is sent", 40*time.Second)
		waited := length("wait", 15*time.Second)
		at += waited
		a.Began, a.Waited = record.Duration(began), record.Duration(waited)
		if before != nil && before.Duration > 0 { // it is sent when the one before has planned it, or later
			before.Wait = record.Duration(rapid.Int64Range(0, int64(at-ended)).Draw(t, "planned wait"))
		}
		before = nil
		if a.Asked = passes || rapid.IntRange(0, 9).Draw(t, "sent") > 0; a.Asked {
			held := length("held", 150*time.Second) + 1
			at += held
			a.Held = record.Duration(held)
		} else if a.Reason != "canceled" {
			a.Status = 0
		}
		if passes {
			r.FirstByte = record.Duration(at)
			r.FirstContent = r.FirstByte
			at += length("stream", 10*time.Minute)
		}
		at += length("end", time.Millisecond)
		a.Duration = record.Duration(at - began)
		r.Duration = record.Duration(at)
		ended = at
		at += length("pause", 2*time.Second)
		known := "all"
		if !last {
			known = rapid.SampledFrom([]string{"all", "all", "all", "nothing", "by memory", "by the request's line"}).Draw(t, "known")
		}
		switch known {
		case "nothing": // its replica died
			continue
		case "by memory":
			a.Began, a.Held, a.Duration, a.Waited = 0, 0, 0, record.Duration(waited.Truncate(time.Millisecond))
		case "by the request's line": // in the log
			a.Duration = 0
		}
		r.Attempts = append(r.Attempts, a)
		before = &r.Attempts[len(r.Attempts)-1]
	}
	if rapid.Bool().Draw(t, "written") { // in whole milliseconds
		text, err := json.Marshal(&r)
		if err == nil {
			r = record.Request{}
			err = json.Unmarshal(text, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// between is a time that a story has rounded.
type between struct{ least, most time.Duration }

func (b *between) add(more between) { b.least, b.most = b.least+more.least, b.most+more.most }

const length = `((?:\d+ min )?\d+(?:\.\d)? m?s)`

// The places in a sentence about an attempt where it names times, in the order in which
// these passed.
var (
	intoIs     = regexp.MustCompile(`: began ` + length + ` into the request, `)
	preparedIs = regexp.MustCompile(`[:,] took ` + length + ` to arrive and be prepared, `)
	waitedIs   = regexp.MustCompile(`[:,] waited ` + length + `, then `)
	heldIs     = regexp.MustCompile(`\) after (?:it was held for )?` + length + `(?:$| →)`)
	pauseIs    = regexp.MustCompile(` → .* after ` + length)
	firstIs    = regexp.MustCompile(`^the client got its first byte after ` + length)
	endIs      = regexp.MustCompile(`^(?:the answer was complete|the client got .*|Envoy ended the answer|the request ended) after ` + length)
)

// named is the time that a sentence names in a place; zero if none.
func named(t *rapid.T, is *regexp.Regexp, text string) (out between, found bool) {
	m := is.FindStringSubmatch(text)
	if m == nil {
		return out, false
	}
	var d time.Duration
	rest, minutes := m[1], 0
	if before, after, ok := strings.Cut(rest, " min "); ok {
		minutes, _ = strconv.Atoi(before)
		rest = after
	}
	d, err := time.ParseDuration(strings.ReplaceAll(rest, " ", ""))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	d += time.Duration(minutes) * time.Minute
	const ms = time.Millisecond
	switch {
	case minutes > 0:
		return between{d, d + time.Second}, true // cut off
	case strings.HasSuffix(rest, "ms"):
		return between{d, d + ms}, true
	case strings.Contains(rest, "."):
		return between{d - 50*ms, d + 50*ms}, true
	}
	return between{d - 500*ms, d + 500*ms}, true
}

// What a story says of times adds up: the attempts and the pauses between them are the
// time to the first byte, or the whole where there was none, and never more, as far as
// its rounding lets one tell.
func TestTimesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawn(t)
		var sum, first, end between
		var passed, ended bool
		told := text(Tell(&r))
		// Records are in whole milliseconds where they were written, and what takes less
		// than one is not told.
		slack := between{-5 * time.Millisecond, time.Duration(unsaid) + 10*time.Millisecond}
		for line := range strings.SplitSeq(told, "\n") {
			if strings.HasPrefix(line, "attempt ") {
				if into, ok := named(t, intoIs, line); ok {
					sum = into
				} else if sum.least < 0 {
					sum.least = 0
				}
				for _, is := range []*regexp.Regexp{preparedIs, waitedIs, heldIs, pauseIs} {
					part, _ := named(t, is, line)
					sum.add(part)
				}
				sum.add(slack)
			}
			if strings.Contains(line, "the answer was passed on") && !passed { // at once where nothing is said of it
				first, passed = between{0, time.Millisecond}, true
			}
			if d, ok := named(t, firstIs, line); ok {
				first = d
			} else if d, ok := named(t, endIs, line); ok {
				end, ended = d, true
			}
		}
		agree := func(what string, is between) {
			if sum.least > is.most || sum.most < is.least {
				t.Fatalf("the parts are %v to %v, and %s is %v to %v:\n%s\n%s", sum.least, sum.most, what, is.least, is.most, told, records(&r))
			}
		}
		switch {
		case passed:
			agree("the time to the first byte", first)
			if ended && first.least > end.most {
				t.Fatalf("the first byte came after the end:\n%s", told)
			}
		case ended:
			agree("the whole", end)
		case r.Duration >= record.Duration(time.Millisecond):
			t.Fatalf("nothing says how long it took:\n%s", told)
		}
	})
}

func records(r *record.Request) string {
	var b strings.Builder
	for _, a := range r.Attempts {
		fmt.Fprintf(&b, "%d: began %v waited %v held %v took %v\n", a.Number, time.Duration(a.Began), time.Duration(a.Waited), time.Duration(a.Held), time.Duration(a.Duration))
	}
	fmt.Fprintf(&b, "first byte %v, all %v", time.Duration(r.FirstByte), time.Duration(r.Duration))
	return b.String()
}
