package account

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

func TestStatedLimits(t *testing.T) {
	l := Learned{}.Stated(start, RequestsPerMinute, 15).Stated(start, TokensPerMinute, 250_000).Stated(start, RequestsPerDay, 500)
	if got, want := l.Rates(start), (state.Rates{Requests: 15, Tokens: 250_000, Day: 500}); got != want || l.Absent {
		t.Errorf("%+v, absent %v", got, l.Absent)
	}
	if got := l.Refused(start.Add(time.Hour), 3, 100).Succeeded(start.Add(time.Hour), 900, 900_000); got != l {
		t.Errorf("a guess took the place of what was stated: %+v", got)
	}
	if got := l.Stated(start.Add(time.Hour), RequestsPerMinute, 5).Rates(start.Add(time.Hour)).Requests; got != 5 {
		t.Errorf("%d after a lower limit was stated", got)
	}
	if got := l.Rates(start.Add(24*time.Hour - 1)); got.Requests != 15 {
		t.Errorf("%+v within the day", got)
	}
	if got := l.Rates(start.Add(24 * time.Hour)); got != (state.Rates{}) {
		t.Errorf("%+v a day later", got)
	}
	for _, value := range []int64{7, 0} {
		if got := l.Stated(start, NoLimitKind, value); got != l {
			t.Errorf("a quota of something else changed the limits: %+v", got)
		}
	}
	if got := l.Stated(start, RequestsPerMinute, -1); got != l {
		t.Errorf("what was not stated changed the limits: %+v", got)
	}
	if got := l.Stated(start, TokensPerMinute, 0); !got.Absent {
		t.Error("a limit of zero leaves the model there")
	}
}

// A step is a refusal after a time, with so many successes in the minute before.
func TestGuessedLimits(t *testing.T) {
	type step struct {
		after     time.Duration
		succeeded int64
	}
	const minute = time.Minute
	for _, c := range []struct {
		name  string
		steps []step
		after time.Duration
		want  int64
	}{
		{"nothing succeeded", []step{{0, 0}}, 0, 0},
		{"what succeeded", []step{{0, 20}}, 0, 20},
		{"holds for five minutes", []step{{0, 20}}, 5 * minute, 20},
		{"then it doubles in five", []step{{0, 20}}, 10 * minute, 40},
		{"and again", []step{{0, 20}}, 15 * minute, 80},
		{"and ends after an hour", []step{{0, 20}}, 60 * minute, 0},
		{"refused together", []step{{0, 20}, {time.Second, 20}, {time.Second, 3}}, 6 * minute, 23},
		{"found again, it holds for ten minutes", []step{{0, 20}, {6 * minute, 22}}, 10 * minute, 22},
		{"for twenty", []step{{0, 20}, {6 * minute, 22}, {11 * minute, 21}}, 20 * minute, 21},
		{"for thirty", []step{{0, 20}, {6 * minute, 22}, {11 * minute, 21}, {21 * minute, 20}}, 30 * minute, 20},
		{"at most", []step{{0, 20}, {6 * minute, 22}, {11 * minute, 21}, {21 * minute, 20}, {31 * minute, 20}}, 40 * minute, 80},
		{"much lower: gives way by half", []step{{0, 60}, {2 * minute, 10}}, 0, 30},
		{"down to what succeeds", []step{{0, 60}, {2 * minute, 10}, {2 * minute, 10}, {2 * minute, 10}, {2 * minute, 10}}, 0, 10},
		{"after its end, it begins anew", []step{{0, 60}, {60 * minute, 10}}, 0, 10},
	} {
		var l Learned
		now := start
		for _, s := range c.steps {
			now = now.Add(s.after)
			l = l.Refused(now, s.succeeded, 1000*s.succeeded)
		}
		got := l.Rates(now.Add(c.after))
		if got.Requests != c.want || got.Day != 0 {
			t.Errorf("%s: %+v, want %d requests", c.name, got, c.want)
		}
		if (got.Tokens == 0) != (c.want == 0) || got.Tokens < 1000*c.want {
			t.Errorf("%s: %+v, want 1,000 tokens a request", c.name, got)
		}
	}
}

func TestGuessTooLargeToDouble(t *testing.T) {
	l := Learned{}.Refused(start, 1<<60, 1<<62)
	if got := l.Rates(start.Add(guessLife - 1)); got.Requests <= 0 || got.Tokens <= 0 {
		t.Errorf("a large limit became %+v", got)
	}
}

// A learned limit is never below what has just succeeded, and no guess is for
// ever.
func TestLearnedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Learned
		now := start
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "wait")))
			requests, tokens := rapid.Int64Range(0, 1000).Draw(t, "requests"), rapid.Int64Range(0, 1<<40).Draw(t, "tokens")
			before := l.Rates(now)
			if rapid.Bool().Draw(t, "refused") {
				l = l.Refused(now, requests, tokens)
			} else {
				l = l.Succeeded(now, requests, tokens)
				if before.Requests == 0 && l.Rates(now).Requests != 0 {
					t.Fatalf("successes made a limit: %+v", l)
				}
			}
			got := l.Rates(now)
			if got.Requests != 0 && got.Requests < requests || got.Tokens != 0 && got.Tokens < tokens {
				t.Fatalf("%+v, though %d requests and %d tokens succeeded", got, requests, tokens)
			}
			later := now.Add(time.Duration(rapid.Int64Range(0, int64(guessLife)).Draw(t, "later")))
			if r := l.Rates(later); r.Requests != 0 && r.Requests < got.Requests {
				t.Fatalf("a guess fell from %d to %d by itself", got.Requests, r.Requests)
			}
		}
		if got := l.Rates(now.Add(guessLife)); got != (state.Rates{}) {
			t.Fatalf("an hour later there is still %+v", got)
		}
	})
}

func TestLearnedAsDocument(t *testing.T) {
	l := Learned{}.Stated(start, RequestsPerDay, 9).Refused(start, 3, 100)
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var got Learned
	if err := json.Unmarshal(text, &got); err != nil || got != l {
		t.Errorf("%s became %+v (%v)", text, got, err)
	}
	if text, _ := json.Marshal(Learned{}); string(text) != "{}" {
		t.Errorf("nothing learned is %s", text)
	}
}

func TestTighter(t *testing.T) {
	a, b := state.Rates{Requests: 5, Tokens: 0, Day: 7}, state.Rates{Requests: 9, Tokens: 3, Day: 0}
	want := state.Rates{Requests: 5, Tokens: 3, Day: 7}
	if Tighter(a, b) != want || Tighter(b, a) != want {
		t.Errorf("%+v and %+v", Tighter(a, b), Tighter(b, a))
	}
}

func TestRecent(t *testing.T) {
	var r Recent
	r.Note(start, 100)
	r.Note(start.Add(30*time.Second), 200)
	for _, c := range []struct {
		after            time.Duration
		requests, tokens int64
	}{{30 * time.Second, 2, 300}, {55 * time.Second, 2, 300}, {time.Minute, 1, 200}, {2 * time.Minute, 0, 0}} {
		if n, tokens := r.Sum(start.Add(c.after)); n != c.requests || tokens != c.tokens {
			t.Errorf("after %v: %d requests with %d tokens", c.after, n, tokens)
		}
	}
}
