package main

import (
	"context"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

// accepted reports whether a request is taken, and what is said if not.
func accepted(s sample, body []byte) (string, bool) {
	t := translator(s.at)
	out := t.Request(context.Background(), request(s.api.path), body)
	if out.Forward != nil {
		return "", true
	}
	return string(out.Reply.Body), false
}

// Each table of each decoder has a place in a request, so that none of its
// fields is forgotten, and the request is one that heald takes.
func TestEveryTableHasAPlace(t *testing.T) {
	values := regexp.MustCompile(`types$|^types of|by its type`) // tables of the values of a type field
	for _, a := range apis {
		if a.tables == nil {
			continue
		}
		known := map[string]bool{}
		for _, table := range a.tables() {
			known[table.name] = true
			if a.holders[table.name] == "" && !values.MatchString(table.name) {
				t.Errorf("%s: the objects of table %q have no place: add one to its holders", a.name, table.name)
			}
		}
		for name, holder := range a.holders {
			if !known[name] {
				t.Errorf("%s: there is no table %q", a.name, name)
			}
			if strings.Count(holder, here) != 1 {
				t.Errorf("%s: %q has no one place for a member: %s", a.name, name, holder)
			}
			if said, ok := accepted(sample{api: a}, []byte(strings.Replace(holder, here, "", 1))); !ok {
				t.Errorf("%s: the request for %q is refused: %s", a.name, name, said)
			}
		}
	}
}

// What is written out by hand is a request that heald takes, and a reply that
// it understands: what is refused early measures nothing.
func TestSamplesAreWhatTheySay(t *testing.T) {
	for _, s := range samples() {
		body := s.body(20)
		if s.reply {
			if got := s.translation(translator(s.at)); got.Forward == nil {
				t.Errorf("%s: the request is refused: %s", s.name, got.Reply.Body)
			}
			continue
		}
		if strings.HasSuffix(s.name, ")") && !strings.Contains(s.name, "(for ") {
			continue // derived: the values are not what the fields should have
		}
		if said, ok := accepted(s, body); ok == s.refused {
			t.Errorf("%s: accepted %t: %s\n%s", s.name, ok, said, body)
		}
	}
}

// The replies are answers; those that are not are meant to be none.
func TestRepliesAreAnswers(t *testing.T) {
	none := regexp.MustCompile(`no stream|an error`)
	for _, r := range replyRows() {
		s := sample{api: claudeAPI}
		got := s.translation(translator(studio)).Answer(200, eventStream, r.body(3), 7)
		if ok := got.Reason == "ok"; ok == none.MatchString(r.name) {
			t.Errorf("%s: reason %s: %s", r.name, got.Reason, got.Body)
		}
	}
}

// A list that grows with its square is found.
func TestGrowthIsFound(t *testing.T) {
	list := []sample{{name: "list", body: list("[", func(int) string { return "1" }, "]")}}
	for _, tt := range []struct {
		name  string
		power float64
		bytes float64 // that take a microsecond
		ok    bool
	}{{"linear", 1, 1, true}, {"a sort", 1.1, 1, true}, {"square", 2, 10, false}, {"too quick to tell", math.NaN(), 1, true}} {
		t.Run(tt.name, func(t *testing.T) {
			m := meter{100_000, func(_ sample, body []byte) (time.Duration, uint64) {
				if math.IsNaN(tt.power) {
					return time.Microsecond, 0
				}
				return time.Duration(math.Pow(float64(len(body))/tt.bytes, tt.power) * float64(time.Microsecond)), 0
			}}
			if r := m.measure(list[0]); math.Abs(r.exponent-tt.power) > 0.05 || math.IsNaN(r.exponent) != math.IsNaN(tt.power) {
				t.Errorf("exponent %.2f, want %.2f", r.exponent, tt.power)
			}
			if got := m.run(list, true, io.Discard); got != tt.ok {
				t.Errorf("run says %t, want %t", got, tt.ok)
			}
		})
	}
}
