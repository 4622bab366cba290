package record

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
)

// shelf is a store of bodies.
type shelf struct {
	mu   sync.Mutex
	got  []Bodies
	fail error
	wait chan struct{} // nil does not
}

func (s *shelf) WriteBodies(_ context.Context, list []Bodies) error {
	if s.wait != nil {
		<-s.wait
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, list...)
	return s.fail
}

func keeper(t *testing.T, to *shelf, o BodyOptions) (k *BodyKeeper, metrics *Metrics, closed func()) {
	t.Helper()
	metrics = NewMetrics(prometheus.NewRegistry())
	o.Queue = QueueOptions{Metrics: metrics, Log: zap.NewNop()}
	k = NewBodyKeeper(to, o)
	return k, metrics, sync.OnceFunc(func() {
		if err := k.Close(t.Context()); err != nil && to.fail == nil { // what failed before Close is no error of it
			t.Error(err)
		}
		if held := k.held.Load(); held != 0 {
			t.Errorf("%d bytes are held at the end", held)
		}
	})
}

func same(text string) string { return text }

// Only what is asked for is kept: redacted, cut between two characters, with the
// length of the whole.
func TestBodiesAreKept(t *testing.T) {
	to := &shelf{}
	k, _, closed := keeper(t, to, BodyOptions{Most: 10})
	for _, outcome := range []string{"passed", "failed", "", "broken", "canceled"} {
		before := k.held.Load()
		c := k.Begin()
		c.Request([]byte("ask: secret"))
		c.Answer([]byte("123456789"))
		c.Answer([]byte("é and more"))
		c.Keep(Bodies{RequestID: outcome, Outcome: outcome}, func(text string) string { return strings.ReplaceAll(text, "secret", "-") })
		if kept := outcome == "failed" || outcome == "broken"; !kept && k.held.Load() > before {
			t.Errorf("%s: %d bytes are still held", outcome, k.held.Load()-before)
		}
		c.Drop() // does nothing any more
	}
	closed()
	if len(to.got) != 2 || to.got[0].RequestID != "failed" || to.got[1].RequestID != "broken" {
		t.Fatalf("%+v", to.got)
	}
	b := to.got[0]
	if b.Request.Text != "ask: -" || b.Request.Size != 11 || b.Request.Cut {
		t.Errorf("%+v", b.Request)
	}
	if b.Answer.Text != "123456789" || b.Answer.Size != 20 || !b.Answer.Cut {
		t.Errorf("%+v", b.Answer)
	}
}

// A secret that the limit cuts in two is not kept in part, and what is no text
// comes back as it was.
func TestBodiesAtTheLimit(t *testing.T) {
	to := &shelf{}
	k, _, closed := keeper(t, to, BodyOptions{All: true, Most: 1000})
	secret := strings.Repeat("s3cret", 40)
	hide := func(text string) string { return strings.ReplaceAll(text, secret, "[redacted]") }
	for _, before := range []int{900, 1000 + beyondCut - 100} { // where the limit, and where what is looked at ends
		c := k.Begin()
		c.Request([]byte(strings.Repeat(".", before) + secret + strings.Repeat(".", 9000)))
		c.Answer([]byte{0xff, 0xfe, 0})
		c.Keep(Bodies{Outcome: "passed"}, hide)
	}
	closed()
	if len(to.got) != 2 {
		t.Fatalf("%d are kept", len(to.got))
	}
	for _, b := range to.got {
		if strings.Contains(b.Request.Text, "s3c") || !b.Request.Cut || len(b.Request.Text) > 1000 {
			t.Errorf("kept %d bytes, cut %v, the secret's part %v", len(b.Request.Text), b.Request.Cut, strings.Contains(b.Request.Text, "s3c"))
		}
		if !bytes.Equal(b.Answer.Binary, []byte{0xff, 0xfe, 0}) || b.Answer.Text != "" {
			t.Errorf("%+v", b.Answer)
		}
	}
}

// All captures together hold no more than the limit; what has no room is counted,
// and when there is room again bodies are kept again.
func TestBodiesAreBounded(t *testing.T) {
	to := &shelf{wait: make(chan struct{})}
	k, metrics, closed := keeper(t, to, BodyOptions{All: true, Most: 10_000})
	k.limit = 50_000
	chunk := bytes.Repeat([]byte("x"), 100)
	var open []*Capture
	for range 20 {
		c := k.Begin()
		for range 200 {
			c.Answer(chunk)
			if held := k.held.Load(); held > k.limit {
				t.Fatalf("%d bytes are held", held)
			}
		}
		open = append(open, c)
	}
	lost := 0
	for _, c := range open {
		if c.lost {
			lost++
		}
		c.Keep(Bodies{Outcome: "passed"}, same)
	}
	if n := testutil.ToFloat64(metrics.dropped.WithLabelValues("bodies")); lost < 15 || lost == 20 || n != float64(lost) {
		t.Errorf("%d were lost, %v counted", lost, n)
	}
	close(to.wait)
	closed()
}

// What a capture holds is known before it is there, whatever the length of the pieces,
// and no more than the limit is held of a body.
func TestCaptureCountsWhatItHolds(t *testing.T) {
	const most = 10_000
	for _, pieces := range [][]int{{1}, {0}, {511, 1, 1}, {512, 513}, {100, 5000}, {600, 1300, 1}, {most + beyondCut}, {most + beyondCut + 1}, {9000, 9000, 9000}, {1, 20_000}} {
		k, _, closed := keeper(t, &shelf{}, BodyOptions{Most: most})
		c := k.Begin()
		var whole int64
		for _, n := range pieces {
			c.Answer(bytes.Repeat([]byte("x"), n))
			c.Request(bytes.Repeat([]byte("y"), n))
			whole += int64(n)
			if held := int64(c.answer.Cap() + c.request.Cap()); k.held.Load() != held || c.held != held {
				t.Errorf("%v: %d bytes are held, %d counted", pieces, held, k.held.Load())
			}
		}
		if want := min(int(whole), most+beyondCut); c.answer.Len() != want || c.request.Len() != want || c.answer.Cap() > most+beyondCut || c.sizes != [2]int64{whole, whole} {
			t.Errorf("%v: %d bytes of %v in %d, want %d", pieces, c.answer.Len(), c.sizes, c.answer.Cap(), want)
		}
		c.Drop()
		closed()
	}
}

// What the store or the queue does not take is counted and let go of.
func TestBodiesThatFail(t *testing.T) {
	to := &shelf{fail: errors.New("full"), wait: make(chan struct{})}
	k, metrics, closed := keeper(t, to, BodyOptions{All: true, Most: 100})
	const n = mostBodies + 50
	for range n {
		c := k.Begin()
		c.Request([]byte("x"))
		c.Keep(Bodies{Outcome: "passed"}, same)
	}
	close(to.wait)
	closed()
	if got := testutil.ToFloat64(metrics.dropped.WithLabelValues("bodies")); got != n {
		t.Errorf("%v of %d are counted", got, n)
	}
}

// A body that breaks the redaction costs those that wait with it, and nothing is held.
func TestBodiesThatPanic(t *testing.T) {
	to := &shelf{wait: make(chan struct{})}
	k, metrics, _ := keeper(t, to, BodyOptions{All: true, Most: 100})
	for n := range 10 {
		c := k.Begin()
		c.Request([]byte("x"))
		c.Keep(Bodies{Outcome: "passed"}, func(text string) string {
			if n == 5 {
				panic("redaction")
			}
			return text
		})
	}
	close(to.wait)
	if err := k.Close(t.Context()); err != nil && !strings.Contains(err.Error(), "panic: redaction") {
		t.Error(err)
	}
	if held, lost := k.held.Load(), testutil.ToFloat64(metrics.dropped.WithLabelValues("bodies")); held != 0 || lost == 0 {
		t.Errorf("%d bytes are held, %v records counted as lost", held, lost)
	}
}

// Where nothing is kept, nothing is copied.
func TestNoCapture(t *testing.T) {
	var k *BodyKeeper
	body := make([]byte, 1<<20)
	if n := testing.AllocsPerRun(100, func() {
		c := k.Begin()
		c.Request(body)
		c.Answer(body)
		c.Keep(Bodies{}, nil)
		c.Drop()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
