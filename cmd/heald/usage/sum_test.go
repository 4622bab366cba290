package usage

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
)

// made are random records.
func made(n int) []record.Entry {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	var out []record.Entry
	for range n {
		o := record.Origin{
			Time:   time.Date(2026, 11, 1+random.IntN(5), random.IntN(24), 0, 0, 0, time.UTC),
			Tenant: pick("a", "b", "c\x00d", ""), API: pick("chat", "claude"),
		}
		a := record.Attempt{Origin: o, Number: 1, Backend: "studio", Account: pick("s-1", "s-2"), Model: pick("gemini-2.5-pro", "gemini-3.8-flash"), Verdict: pick("pass", "retry")}
		if random.IntN(3) > 0 {
			a.Usage = &record.Usage{Input: random.Int64N(1e6), Cached: random.Int64N(1e3), Output: random.Int64N(1e4), Thinking: random.Int64N(1e3)}
			if random.IntN(3) > 0 {
				cost := random.Int64N(1e9)
				a.Cost, a.Estimated = &cost, random.IntN(2) == 0
			}
		}
		out = append(out, record.Entry{Attempt: &a})
		if random.IntN(2) == 0 {
			nested := a
			nested.Origin = record.Origin{}
			out = append(out, record.Entry{Request: &record.Request{Origin: o, Model: a.Model, Outcome: pick("passed", "failed", "local"), Attempts: []record.Attempt{nested}, Usage: a.Usage, Cost: a.Cost}})
		}
	}
	return out
}

// naive sums in the obvious way: one number after the other.
func naive(list []record.Entry, by func(*record.Origin, *record.Attempt) string, since, until time.Time) map[string]map[string]int64 {
	out := map[string]map[string]int64{}
	add := func(key, what string, n int64) {
		if out[key] == nil {
			out[key] = map[string]int64{}
		}
		out[key][what] += n
	}
	for _, e := range list {
		if r := e.Request; r != nil && !r.Time.Before(since) && r.Time.Before(until) {
			key := by(&r.Origin, &r.Attempts[0])
			add(key, "requests", 1)
			if r.Outcome == "failed" {
				add(key, "failed", 1)
			}
		}
		a := e.Attempt
		if a == nil || a.Time.Before(since) || !a.Time.Before(until) {
			continue
		}
		key := by(&a.Origin, a)
		add(key, "attempts", 1)
		if a.Usage == nil {
			continue
		}
		add(key, "input", a.Usage.Input)
		add(key, "cached", a.Usage.Cached)
		add(key, "output", a.Usage.Output)
		add(key, "thinking", a.Usage.Thinking)
		if a.Cost == nil {
			add(key, "unpriced", 1)
			continue
		}
		add(key, "cost_nano", *a.Cost)
		if a.Estimated {
			add(key, "estimated", 1)
		}
	}
	return out
}

func TestSumIsTheNaiveOne(t *testing.T) {
	list := made(1000)
	since, until := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 4, 12, 0, 0, 0, time.UTC)
	names := write(t, list)
	for _, fields := range []string{"", "tenant", "tenant,model", "day,account", "api,backend,group,key,model,account,tenant,day"} {
		by, err := ParseFields(fields)
		if err != nil {
			t.Fatal(err)
		}
		s := NewSum(by, since, until)
		var said bytes.Buffer
		if broken, err := s.AddFiles(t.Context(), names, nil, &said); broken != 0 || err != nil {
			t.Fatalf("%d, %v: %s", broken, err, said.String())
		}
		key := func(o *record.Origin, a *record.Attempt) string {
			var values []string
			for _, f := range by {
				values = append(values, strconv.Quote(map[Field]string{"tenant": o.Tenant, "api": o.API, "key": o.KeyID, "day": o.Time.Format(time.DateOnly),
					"model": a.Model, "account": a.Account, "backend": a.Backend, "group": a.Group}[f]))
			}
			return strings.Join(values, ",")
		}
		got := map[string]map[string]int64{}
		for _, r := range s.Rows() {
			var values []string
			for _, v := range r.By {
				values = append(values, strconv.Quote(v))
			}
			sums := map[string]int64{"requests": r.Requests, "failed": r.Failed, "attempts": r.Attempts, "input": r.Input, "cached": r.Cached, "output": r.Output,
				"thinking": r.Thinking, "unpriced": r.Unpriced, "cost_nano": r.Nano, "estimated": r.Estimated}
			for k, v := range sums {
				if v == 0 {
					delete(sums, k)
				}
			}
			got[strings.Join(values, ",")] = sums
		}
		if diff := cmp.Diff(naive(list, key, since, until), got); diff != "" {
			t.Errorf("by %q: %s", fields, diff)
		}
		total := naive(list, func(*record.Origin, *record.Attempt) string { return "" }, since, until)[""]
		if s.Total().Input != total["input"] || s.Total().Nano != total["cost_nano"] || s.Total().Requests != total["requests"] {
			t.Errorf("by %q: the total is %+v, want %v", fields, s.Total(), total)
		}
	}
}

// write puts records into files as a rotation leaves them, one compressed.
func write(t *testing.T, list []record.Entry) []string {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, part := range [][]record.Entry{list[:len(list)/3], list[len(list)/3 : len(list)/2], list[len(list)/2:]} {
		var b bytes.Buffer
		for _, e := range part {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
		name := filepath.Join(dir, fmt.Sprintf("usage-%d.jsonl", i))
		if i == 0 {
			name += ".gz"
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			if _, err := w.Write(b.Bytes()); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
			b = z
		}
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// A file with endless names does not take endless memory, and no record is lost.
func TestRowsAreBounded(t *testing.T) {
	by, _ := ParseFields("tenant,model")
	s := NewSum(by, time.Time{}, time.Time{})
	s.most = 10
	for n := range 1000 {
		if err := s.Add(record.Entry{Attempt: &record.Attempt{Origin: record.Origin{Tenant: strconv.Itoa(n)}, Usage: &record.Usage{Input: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	rows := s.Rows()
	var sum int64
	for _, r := range rows {
		sum += r.Input
	}
	if len(rows) != 11 || sum != 1000 || rows[0].By[0] != elsewhere || rows[0].Input != 990 {
		t.Errorf("%d rows, sum %d, first %+v", len(rows), sum, rows[0])
	}
}

func TestUnbelievableNumbers(t *testing.T) {
	minus, huge := int64(-2000), int64(1)<<62
	for _, a := range []record.Attempt{
		{Usage: &record.Usage{Input: -1}}, {Usage: &record.Usage{Output: 1 << 60}}, {Usage: &record.Usage{}, Cost: &huge}, {Usage: &record.Usage{}, Cost: &minus},
	} {
		s := NewSum(nil, time.Time{}, time.Time{})
		if err := s.Add(record.Entry{Attempt: &a}); err == nil || s.total.Attempts != 0 {
			t.Errorf("%+v was taken", a)
		}
	}
}

func TestParseFields(t *testing.T) {
	for list, ok := range map[string]bool{"": true, "tenant": true, "day, model": true, "tenant,tenant": false, "tenants": false, ",": false} {
		if _, err := ParseFields(list); (err == nil) != ok {
			t.Errorf("%q: %v", list, err)
		}
	}
}
