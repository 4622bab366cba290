package otlp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

// What happened within an attempt stands in its span, at its time and in order.
func TestEvents(t *testing.T) {
	second := func(n float64) record.Duration { return record.Duration(n * float64(time.Second)) }
	full := record.Attempt{Origin: sampledOrigin, Backend: "eu", Account: "eu-1", Model: "m", Verdict: "repair", Reason: "signature", Hedged: "won",
		Waited: second(1), Content: second(3), Duration: second(9), Span: record.Span{
			Sent: second(2), Hedged: second(4), Decided: second(6), Broke: second(7), Rested: second(8), Repair: "drop signatures",
			Before: record.Place{Backend: "studio", Account: "studio-1", Model: "m"}, Because: "overloaded",
			Rest: &record.Resume{Result: "resumed", Cause: "stream_truncated", Requests: 2, Backend: "us", Account: "us-1"},
		}}
	type told struct {
		Name  string
		After time.Duration
		With  map[string]any
	}
	for name, c := range map[string]struct {
		a    record.Attempt
		want []told
	}{
		"all": {full, []told{
			{"heald.wait", time.Second, map[string]any{"heald.waited": 1.0}},
			{"heald.failover", 2 * time.Second, map[string]any{"heald.reason": "overloaded", "heald.from.backend": "studio", "heald.from.account": "studio-1",
				"heald.from.model": "m", "heald.backend": "eu", "heald.account": "eu-1", "gen_ai.request.model": "m"}},
			{"heald.hedge", 4 * time.Second, map[string]any{"heald.hedged": "won"}},
			{"heald.first_content", 5 * time.Second, map[string]any{}},
			{"heald.peek", 6 * time.Second, map[string]any{"heald.verdict": "repair", "heald.reason": "signature"}},
			{"heald.repair", 6 * time.Second, map[string]any{"heald.repair": "drop signatures", "heald.reason": "signature"}},
			{"heald.resume", 7 * time.Second, map[string]any{"heald.reason": "stream_truncated"}},
			{"heald.resumed", 8 * time.Second, map[string]any{"heald.resumed": "resumed", "heald.resume.requests": int64(2), "heald.backend": "us", "heald.account": "us-1"}},
		}},
		"the same again": {record.Attempt{Origin: sampledOrigin, Backend: "a", Account: "b", Model: "m", Verdict: "pass", Duration: second(2),
			Span: record.Span{Sent: 1, Decided: second(1), Before: record.Place{Backend: "a", Account: "b", Model: "m"}}},
			[]told{{"heald.peek", time.Second, map[string]any{"heald.verdict": "pass"}}}},
		"refused after a wait": {record.Attempt{Origin: sampledOrigin, Verdict: "fail", Reason: "accounts_busy", Waited: second(2), Duration: second(3), Span: record.Span{Decided: second(3)}},
			[]told{
				{"heald.wait", time.Second, map[string]any{"heald.waited": 2.0}},
				{"heald.peek", 3 * time.Second, map[string]any{"heald.verdict": "fail", "heald.reason": "accounts_busy"}},
			}},
		"of an older record": {record.Attempt{Origin: sampledOrigin}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := otlpreceiver.Start(t, otlpreceiver.Options{})
			s := newSink(t, &Settings{Endpoint: at(r, "http", GRPC), Protocol: GRPC}, nil)
			if err := s.Write(t.Context(), []record.Entry{{Attempt: &c.a}}); err != nil {
				t.Fatal(err)
			}
			var got []told
			for _, e := range r.Spans()[0].Events {
				got = append(got, told{e.Name, e.Time.Sub(began), e.Attributes})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
