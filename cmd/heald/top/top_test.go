package top

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/test/fixture"
)

const before = `# TYPE heald_requests_total counter
heald_requests_total{api="claude",outcome="passed"} 100
heald_requests_total{api="chat",outcome="passed"} 10
heald_requests_total{api="chat",outcome="failed"} 4
# TYPE heald_attempts_total counter
heald_attempts_total{api="chat",verdict="pass",reason="ok"} 110
heald_attempts_total{api="chat",verdict="retry",reason="peek_eof"} 7
# TYPE heald_usage_tokens_total counter
heald_usage_tokens_total{tenant="a",kind="input"} 1e+06
# TYPE heald_first_content_seconds histogram
heald_first_content_seconds_bucket{le="+Inf"} 3
heald_first_content_seconds_sum 1
heald_first_content_seconds_count 3
`

const after = `# TYPE heald_requests_total counter
heald_requests_total{api="claude",outcome="passed"} 120
heald_requests_total{api="chat",outcome="passed"} 15
heald_requests_total{api="chat",outcome="failed"} 5
heald_requests_total{api="chat",outcome="something_new"} 1
# TYPE heald_attempts_total counter
heald_attempts_total{api="chat",verdict="pass",reason="ok"} 3
heald_attempts_total{api="chat",verdict="retry",reason="peek_eof"} 7
# TYPE heald_usage_tokens_total counter
heald_usage_tokens_total{tenant="a",kind="input"} 1.5e+06
heald_usage_tokens_total{tenant="a",kind="output"} 20
# TYPE heald_in_flight gauge
heald_in_flight{api="chat"} 3
heald_in_flight{api="claude"} 4
`

// screen is a terminal of a test.
type screen struct {
	bytes.Buffer
	width, height int
}

func (s *screen) Size() (int, int) { return s.width, s.height }

func pictures(t *testing.T, color bool) (first, second *Picture) {
	t.Helper()
	at := time.Date(2027, 1, 31, 14, 2, 51, 0, time.UTC)
	a, err := Read([]byte(before), at)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read([]byte(after), at.Add(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	r := &accounts.Report{State: accounts.State{Store: "memory", Up: true}, Status: account.Status{At: at,
		Accounts: []account.AccountStatus{{ID: "studio-1", Backend: "studio", Group: "ai_studio/p", InUse: 3, Slots: 8, Usable: account.Usable{Now: true}}}}}
	first = &Picture{Now: a, Report: r, In: time.UTC}
	second = &Picture{Before: a, Now: b, Report: r, In: time.UTC}
	if color {
		first.Palette, second.Palette = true, true
	}
	return first, second
}

// A first picture has no rates; the next one has those of the time in between. A
// heald that began anew counts from 0.
func TestPicture(t *testing.T) {
	for _, c := range []struct {
		name          string
		color, second bool
	}{{"first", false, false}, {"second", false, true}, {"colored", true, true}} {
		p, second := pictures(t, c.color)
		if c.second {
			p = second
		}
		lines, err := p.Lines()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", c.name+".txt")
		want, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		text := strings.Join(lines, "\n") + "\n"
		fixture.Diff(t, file, want, []byte(text))
		if !c.color && strings.Contains(text, "\x1b") {
			t.Errorf("colors: %q", text)
		}
	}
}

// The picture is drawn over the last one, and no line is longer than the screen.
func TestDraw(t *testing.T) {
	_, p := pictures(t, true)
	lines, err := p.Lines()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{width: 30, height: 6}
	if err := Draw(s, lines); err != nil {
		t.Fatal(err)
	}
	text := s.String()
	if !strings.HasPrefix(text, "\x1b[H") || !strings.HasSuffix(text, "\x1b[J") || strings.Count(text, "\n") != 5 || strings.Contains(text, "\x1b[2J") {
		t.Errorf("%q", text)
	}
	for line := range strings.Lines(text) {
		for _, escape := range []string{"\x1b[H", "\x1b[K", "\x1b[J", "\x1b[0m", "\x1b[1m", "\x1b[31m", "\n"} {
			line = strings.ReplaceAll(line, escape, "")
		}
		if n := len([]rune(line)); n > 30 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	unknown := &screen{}
	if err := Draw(unknown, lines); err != nil || strings.Count(unknown.String(), "\n") != len(lines) {
		t.Errorf("%v: %q", err, unknown.String())
	}
}

// On a small screen the accounts are seen, all columns have room, and what is cut
// off has a mark.
func TestSmallScreen(t *testing.T) {
	for _, color := range []bool{false, true} {
		_, p := pictures(t, color)
		p.Width, p.Height = 40, 10
		lines, err := p.Lines()
		if err != nil {
			t.Fatal(err)
		}
		s := &screen{width: p.Width, height: p.Height}
		if err := Draw(s, lines); err != nil {
			t.Fatal(err)
		}
		text := escapes.ReplaceAllString(s.String(), "")
		want := "TRAFFIC               PER SEC    IN ALL\n" +
			"requests                 13.5       141\n" +
			"attempts                  5.0        10\n" +
			"tokens               250010.0   1500020\n" +
			"ACCOUNTS    GROUP        IN USE  STATE\n" +
			"studio\n" +
			"  studio-1  ai_studio/p  3/8     ready\n"
		if text != want {
			t.Errorf("got\n%swant\n%s", text, want)
		}
	}
}

var escapes = regexp.MustCompile("\x1b\\[[0-9]*[A-Za-z]")

func TestCut(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{
		{"accounts", 8, "accounts"}, {"accounts", 0, "accounts"}, {"accounts", 5, "acco…\x1b[0m"},
		{"\x1b[1mbold\x1b[0m", 4, "\x1b[1mbold\x1b[0m"}, {"\x1b[1mbolder\x1b[0m", 4, "\x1b[1mbol…\x1b[0m"}, {"日本語", 2, "日…\x1b[0m"},
	} {
		if got := cut(c.line, c.width); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.line, c.width, got, c.want)
		}
	}
}

func TestReadWhatIsNoMetrics(t *testing.T) {
	if _, err := Read([]byte("<html>"), time.Now()); err == nil {
		t.Error("it is taken")
	}
	if s, err := Read(nil, time.Now()); err != nil || s.InFlight != -1 || len(s.Requests) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}
