package history_test

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

func series(t *testing.T, n *history.Now, span string) history.Series {
	t.Helper()
	s, ok := n.Series(span)
	if !ok {
		t.Fatal("no span ", span)
	}
	return s
}

// at moves a record's end to now less ago.
func attemptAt(ago time.Duration, change func(*record.Attempt)) record.Attempt {
	a := historytest.Attempt(1, change)
	a.Time, a.Duration = time.Now().Add(-ago), 0
	return a
}

// Each thing counts in the minute and in the ten minutes in which it ended, and is
// gone when the span has passed.
func TestSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := history.NewNow()
		time.Sleep(30*time.Hour + 5*time.Minute + 30*time.Second)
		if s := series(t, n, "1h"); len(s.RateLimited) != 60 || len(s.Requests) != 0 || s.Step != 60 || !s.From.Equal(time.Now().Truncate(time.Minute).Add(-59*time.Minute)) {
			t.Fatalf("%+v", s)
		}
		retry := func(a *record.Attempt) {
			a.Verdict, a.Reason, a.Status, a.Usage, a.Cost = "retry", "rate_limited", 429, nil, nil
		}
		n.Attempt(attemptAt(0, retry))
		n.Attempt(attemptAt(2*time.Minute, retry))
		n.Attempt(attemptAt(-10*time.Second, retry)) // another clock
		n.Attempt(attemptAt(0, func(a *record.Attempt) {
			a.Verdict, a.Reason, a.Status = "failover", "peek_eof", 200
			a.Tenant = "team"
		}))
		n.Attempt(attemptAt(0, func(a *record.Attempt) {
			a.Verdict, a.Reason, a.Status = "repair", "signature_repair", 400
			a.Tenant = "team"
		}))
		n.Attempt(attemptAt(3*time.Hour, retry))
		n.Attempt(attemptAt(25*time.Hour, retry))
		for _, first := range []int{310, 320, 330, 340, 9000} {
			n.Request(historytest.Request("", func(r *record.Request) {
				r.Time, r.Duration, r.FirstContent = time.Now().Add(-time.Second), record.Duration(time.Second), record.Duration(time.Duration(first)*time.Millisecond)
			}))
		}
		n.Request(historytest.Request("", func(r *record.Request) {
			r.Time, r.Outcome, r.FirstContent = time.Now().Add(-2*time.Second), "failed", 0
		}))

		hour, day := series(t, n, "1h"), series(t, n, "24h")
		if hour.RateLimited[59] != 2 || hour.RateLimited[57] != 1 || day.RateLimited[143] != 3 || day.RateLimited[125] != 1 || len(day.RateLimited) != 144 || day.Step != 600 {
			t.Errorf("429s: %v\n%v", hour.RateLimited, day.RateLimited)
		}
		if hour.Retries["rate_limited"][59] != 2 || hour.Retries["peek_eof"][59] != 1 || len(hour.Retries) != 2 || hour.Repairs["signature_repair"][59] != 1 || len(hour.Repairs) != 1 {
			t.Errorf("%v, %v", hour.Retries, hour.Repairs)
		}
		if hour.Tokens["team"][59] != 30 || hour.Cost["team"][59] != 1400 || len(hour.Tokens) != 1 {
			t.Errorf("%v, %v", hour.Tokens, hour.Cost)
		}
		if hour.Requests["passed"][59] != 5 || hour.Requests["failed"][59] != 1 {
			t.Errorf("%v", hour.Requests)
		}
		p50, p95 := hour.FirstContentP50["studio"], hour.FirstContentP95["studio"]
		if p50[58] != nil || p50[59] == nil || *p50[59] < 300 || *p50[59] > 400 || *p95[59] < 7500 || *p95[59] > 10000 {
			t.Errorf("%v %v", *p50[59], *p95[59])
		}
		time.Sleep(time.Hour)
		if s := series(t, n, "1h"); len(s.Requests)+len(s.Retries) != 0 || s.RateLimited[0] != 0 {
			t.Errorf("after an hour: %+v", s)
		}
		if s := series(t, n, "24h"); s.Requests["passed"][137] != 5 {
			t.Errorf("after an hour: %+v", s.Requests)
		}
		n.Attempt(attemptAt(0, retry))
		time.Sleep(24 * time.Hour)
		if s := series(t, n, "24h"); len(s.Requests) != 0 || !reflect.DeepEqual(s.RateLimited, make([]int64, 144)) {
			t.Errorf("after a day: %+v", s)
		}
	})
	if _, ok := history.NewNow().Series("1w"); ok {
		t.Error("a span that is none")
	}
}

// Names are bounded; the sums stay right.
func TestSeriesNames(t *testing.T) {
	n := history.NewNow()
	for i := range 1000 {
		n.Attempt(attemptAt(0, func(a *record.Attempt) {
			a.Tenant, a.Verdict, a.Reason = fmt.Sprint(i), "retry", fmt.Sprint(i)
			a.Usage = &record.Usage{Input: 1}
		}))
		n.Request(historytest.Request("", func(r *record.Request) {
			r.Time, r.Duration, r.Outcome, r.Attempts[0].Backend = time.Now(), 0, fmt.Sprint(i), fmt.Sprint(i)
		}))
	}
	s := series(t, n, "24h")
	for name, lists := range map[string]map[string][]int64{"tokens": s.Tokens, "retries": s.Retries, "requests": s.Requests} {
		sum := int64(0)
		for _, l := range lists {
			for _, v := range l {
				sum += v
			}
		}
		if len(lists) > 21 || sum != 1000 || lists["other"] == nil {
			t.Errorf("%s: %d names with %d", name, len(lists), sum)
		}
	}
	if len(s.FirstContentP50) > 21 {
		t.Errorf("%d backends", len(s.FirstContentP50))
	}
}
