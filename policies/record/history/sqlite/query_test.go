package sqlite

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// Every question finds what history.Filter finds among all rows, whatever it is
// made of, and in however many steps.
func TestQueryIsTheFilter(t *testing.T) {
	t.Run("at once", func(t *testing.T) { testQueryIsTheFilter(t, open(t, Options{})) })
	t.Run("in steps", func(t *testing.T) { testQueryIsTheFilter(t, open(t, Options{SearchTime: -1})) })
}

func testQueryIsTheFilter(t *testing.T, f *File) {
	all := many(0, 1500)
	write(t, f, all...)
	all = append(all, at("AbC-1", time.Hour, func(r *record.Request) { r.Tenant, r.Attempts = "", nil }))
	write(t, f, all[1500])
	random := rand.New(rand.NewPCG(5, 6))
	pick := func(list ...string) (out []string) {
		for _, s := range list {
			if random.IntN(2) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	for range 80 {
		var q history.Filter
		for n := random.IntN(3); n >= 0; n-- {
			switch random.IntN(9) {
			case 0:
				q.APIs = pick("anthropic", "chat", "none")
			case 1:
				q.Tenants = pick("team-1", "team-7", "", "nobody")
			case 2:
				q.Accounts = pick("studio-1", "studio-21", "")
			case 3:
				q.Outcomes = pick("failed", "broken", "passed")
			case 4:
				q.Reasons = pick("stream_stalled", "upstream_error")
			case 5:
				q.Since = historytest.Start.Add(time.Duration(random.IntN(2000)) * time.Second)
			case 6:
				q.Until = historytest.Start.Add(time.Duration(random.IntN(2000)) * time.Second)
			case 7:
				q.ID = all[random.IntN(len(all))].RequestID[:1+random.IntN(4)]
			case 8:
				q.Text = []string{"OVERLOADED", "team-1", "studio-39", "\"", "is overloaded. please", "\"overloaded"}[random.IntN(6)]
			}
		}
		var want []string
		for _, r := range slices.Backward(all) {
			if q.Match(&r) {
				want = append(want, r.RequestID)
			}
		}
		if got := ids(t, f, q); !slices.Equal(got, want) {
			t.Fatalf("%+v: got %d, want %d requests", q, len(got), len(want))
		}
	}
}

// The facets are those of all requests, as a store in memory tells them.
func TestFacets(t *testing.T) {
	f := open(t, Options{})
	m := history.NewMemory(history.MemoryOptions{})
	for _, r := range many(0, 300) {
		write(t, f, r)
		m.Request(r)
	}
	want, _ := m.Facets(t.Context())
	got, err := history.FacetsOf(t.Context(), direct{t, f})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// No question but one for all goes through all rows: each is answered by an index,
// in the order in which it is asked.
func TestPlans(t *testing.T) {
	f := open(t, Options{})
	write(t, f, many(0, 3000)...)
	for _, c := range []struct {
		name   string
		filter history.Filter
		want   []string // in the plan
		sorts  bool     // which is fine for an id: there are few
	}{
		{"a word", history.Filter{Outcomes: []string{"failed"}}, []string{"SEARCH m USING PRIMARY KEY (w=? AND n>? AND n<?)"}, false},
		{"two words of one field", history.Filter{Outcomes: []string{"failed", "broken"}}, []string{"MERGE (UNION)", "SEARCH m USING PRIMARY KEY (w=? AND n>? AND n<?)"}, false},
		{"two fields", history.Filter{Tenants: []string{"team-1"}, Outcomes: []string{"passed"}},
			[]string{"SEARCH m USING PRIMARY KEY (w=? AND n>? AND n<?)", "SEARCH o EXISTS USING PRIMARY KEY (w=? AND n=?)"}, false},
		{"an id", history.Filter{ID: "0a"}, []string{"USING INDEX requests_id (id>? AND id<?)", "USING INDEX requests_trace (trace>? AND trace<?)"}, true},
	} {
		var plan string
		inSearch(t, f, c.filter, func(q *search) {
			possible, err := q.plan(t.Context())
			if err != nil || !possible {
				t.Fatalf("%s: %v, %v", c.name, possible, err)
			}
			if c.filter.ID != "" {
				plan = explain(t, q.tx, byBeginning, q.from, q.to, "0a", "0b")
			} else {
				plan = explain(t, q.tx, q.walk.statement, append([]any{q.from, q.to, 100}, q.walk.args...)...)
			}
		})
		for _, want := range c.want {
			if !strings.Contains(strings.ReplaceAll(plan, "COVERING ", ""), want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, plan)
			}
		}
		if strings.Contains(plan, "SCAN requests\n") || strings.Contains(plan, "SCAN m") || strings.Contains(plan, "TEMP B-TREE") && !c.sorts {
			t.Errorf("%s:\n%s", c.name, plan)
		}
	}
	plan := ""
	inSearch(t, f, history.Filter{}, func(q *search) {
		plan = explain(t, q.tx, newestOfID, "x", "x") + strings.ReplaceAll(explain(t, q.tx, loadRows, "[3,2,1]"), "SCAN list VIRTUAL TABLE", "the list") +
			explain(t, q.tx, `SELECT told FROM requests WHERE n >= ? ORDER BY n LIMIT 1`, 5)
	})
	if strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") || !strings.Contains(plan, "SEARCH r USING INTEGER PRIMARY KEY") || !strings.Contains(plan, "requests_id") {
		t.Error(plan)
	}
}

// The rarest word leads, however many rows have the others.
func TestRarestLeads(t *testing.T) {
	f := open(t, Options{})
	write(t, f, many(0, 3000)...)
	inSearch(t, f, history.Filter{Outcomes: []string{"passed"}, Accounts: []string{"studio-3", "none"}, APIs: []string{"chat", "anthropic"}}, func(q *search) {
		_, err := q.plan(t.Context())
		var word string
		if err == nil {
			err = q.tx.QueryRowContext(t.Context(), `SELECT word FROM words WHERE w = ?`, q.walk.args[len(q.walk.args)-1]).Scan(&word)
		}
		if err != nil || word != "studio-3" {
			t.Errorf("%s begins with %q, %v", q.walk.statement, word, err)
		}
	})
}

// A search that has no time left looks at one batch of rows, whatever it is for, and
// tells where it stopped: no filter makes anybody wait for the whole file.
func TestSearchStops(t *testing.T) {
	f := open(t, Options{SearchTime: -1})
	write(t, f, many(0, 12_000)...)
	for _, c := range []struct {
		name   string
		filter history.Filter
		rows   int // that are looked at, at most
	}{
		{"text", history.Filter{Text: "no such words"}, mostRows},
		{"text that is not plain", history.Filter{Text: "\"<"}, mostRows},
		{"text of every row", history.Filter{Text: "request_id\""}, mostRows},
		{"text and a word", history.Filter{Text: "no such words", Outcomes: []string{"passed"}}, 2 * mostRows},
		{"two words that never meet", history.Filter{Tenants: []string{"team-1"}, Accounts: []string{"studio-2"}}, leastWindow},
		{"text and the beginning of an id", history.Filter{Text: "no such words", ID: "0"}, 32 * mostRows},
		{"more words than the file is asked for", history.Filter{Tenants: slices.Repeat([]string{"nobody"}, mostAsked+1)}, mostRows},
	} {
		page, err := f.Query(t.Context(), c.filter, 0, 10)
		if err != nil || len(page.Items) != 0 || page.Next == 0 || page.SearchedTo.IsZero() {
			t.Errorf("%s: %d requests, next %d, searched to %v, %v", c.name, len(page.Items), page.Next, page.SearchedTo, err)
		}
		if rows := 12_001 - int(page.Next); rows > c.rows {
			t.Errorf("%s: looked at %d rows", c.name, rows)
		}
	}
}

// A question for some minutes looks at the rows of those minutes alone.
func TestTimesBoundRows(t *testing.T) {
	f := open(t, Options{})
	now := historytest.Start
	f.now = func() time.Time { return now }
	for n := 0; n < 3600; n += 60 {
		now = historytest.Start.Add(time.Duration(n+70) * time.Second)
		write(t, f, many(n, 60)...)
	}
	q := history.Filter{Since: historytest.Start.Add(20 * time.Minute), Until: historytest.Start.Add(30 * time.Minute)}
	inSearch(t, f, q, func(q *search) {
		if rows := q.to - q.from + 1; rows < 600 || rows > 900 {
			t.Errorf("%d rows for 600 requests", rows)
		}
	})
	if n := len(ids(t, f, q)); n != 600 {
		t.Errorf("%d requests", n)
	}
}

func inSearch(t *testing.T, f *File, filter history.Filter, do func(*search)) {
	t.Helper()
	tx, err := f.db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	q := &search{tx: tx, filter: filter}
	if possible, err := q.bound(t.Context(), 0); err != nil || !possible {
		t.Fatalf("%v, %v", possible, err)
	}
	do(q)
}

func explain(t *testing.T, tx *sql.Tx, statement string, args ...any) string {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	return plan.String()
}

// BenchmarkMillion asks a file with a million requests; the file that
// HEALD_BENCH_HISTORY names is filled the first time.
func BenchmarkMillion(b *testing.B) {
	path := os.Getenv("HEALD_BENCH_HISTORY")
	if path == "" {
		b.Skip("HEALD_BENCH_HISTORY names no file")
	}
	f, err := Open(Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	begun, filled := time.Now(), number(b, f, `SELECT count(*) FROM requests`)
	for n := filled; n < 1_000_000; n += 250 {
		write(b, f, many(n, 250)...)
	}
	if filled < 1_000_000 {
		info, _ := os.Stat(path)
		b.Logf("%d requests written in %v, %d bytes", 1_000_000-filled, time.Since(begun), info.Size())
	}
	for _, c := range []struct {
		name   string
		filter history.Filter
	}{
		{"all", history.Filter{}},
		{"failed", history.Filter{Outcomes: []string{"failed"}}},
		{"failed or broken", history.Filter{Outcomes: []string{"failed", "broken"}}},
		{"tenant and failed", history.Filter{Tenants: []string{"team-0"}, Outcomes: []string{"failed"}}},
		{"tenant and account, never both", history.Filter{Tenants: []string{"team-1"}, Accounts: []string{"studio-2"}}},
		{"id", history.Filter{ID: "9e3779b1"}},
		{"ten minutes, a week ago", history.Filter{Since: historytest.Start.Add(100_000 * time.Second), Until: historytest.Start.Add(100_600 * time.Second)}},
		{"text in the newest", history.Filter{Text: "studio-7"}},
		{"text nowhere", history.Filter{Text: "no such words"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Query(context.Background(), c.filter, 0, 200); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = (n + 7919) % 1_000_000
			if _, err := f.Get(context.Background(), many(n, 1)[0].RequestID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write 250", func(b *testing.B) {
		n := 2_000_000
		for b.Loop() {
			write(b, f, many(n, 250)...)
			n += 250
		}
	})
}
